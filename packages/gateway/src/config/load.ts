import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { readAnchors } from './anchors.ts';
import { ConfigError } from './errors.ts';
import { readForwardTo } from './forward-to.ts';
import { redisUrl, refusePlainRedis } from './redis.ts';
import type { Settings } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What one setting is called in both places, and how its text becomes a value. */
interface Setting {
  readonly key: string;
  readonly variable: string;
  readonly read: (value: unknown) => unknown;
}

const SETTINGS: readonly Setting[] = [
  { key: 'host', variable: 'SALLYPORT_HOST', read: text },
  { key: 'port', variable: 'SALLYPORT_PORT', read: port },
  { key: 'tunnelHost', variable: 'SALLYPORT_TUNNEL_HOST', read: text },
  { key: 'tunnelPort', variable: 'SALLYPORT_TUNNEL_PORT', read: port },
  { key: 'tunnelNames', variable: 'SALLYPORT_TUNNEL_NAMES', read: list },
  { key: 'publicUrl', variable: 'SALLYPORT_PUBLIC_URL', read: url },
  { key: 'databaseUrl', variable: 'SALLYPORT_DATABASE_URL', read: databaseUrl },
  { key: 'redisUrl', variable: 'SALLYPORT_REDIS_URL', read: redisUrl },
  { key: 'redisPlaintext', variable: 'SALLYPORT_REDIS_PLAINTEXT', read: flag },
  { key: 'dataDir', variable: 'SALLYPORT_DATA_DIR', read: text },
  { key: 'masterKeyFile', variable: 'SALLYPORT_MASTER_KEY_FILE', read: text },
  { key: 'secretsDir', variable: 'SALLYPORT_SECRETS_DIR', read: text },
  { key: 'deploymentName', variable: 'SALLYPORT_DEPLOYMENT_NAME', read: deploymentName },
  { key: 'quickstart', variable: 'SALLYPORT_QUICKSTART', read: flag },
  { key: 'bootstrapTokenFile', variable: 'SALLYPORT_BOOTSTRAP_TOKEN_FILE', read: text },
  { key: 'demoDatabaseFile', variable: 'SALLYPORT_DEMO_DATABASE_FILE', read: text },
  { key: 'allowedOrigins', variable: 'SALLYPORT_ALLOWED_ORIGINS', read: list },
  { key: 'allowedHosts', variable: 'SALLYPORT_ALLOWED_HOSTS', read: list },
  { key: 'logLevel', variable: 'SALLYPORT_LOG_LEVEL', read: logLevel },
  { key: 'tlsCertFile', variable: 'SALLYPORT_TLS_CERT_FILE', read: text },
  { key: 'tlsKeyFile', variable: 'SALLYPORT_TLS_KEY_FILE', read: text },
  { key: 'witnessPolicyFile', variable: 'SALLYPORT_WITNESS_POLICY_FILE', read: text },
  { key: 'witnessAgeMaxMinutes', variable: 'SALLYPORT_WITNESS_AGE_MAX_MINUTES', read: minutes },
  { key: 'witnessRefusesCalls', variable: 'SALLYPORT_WITNESS_REFUSES_CALLS', read: flag },
  { key: 'signerSocket', variable: 'SALLYPORT_SIGNER_SOCKET', read: text },
  { key: 'signerGraceMinutes', variable: 'SALLYPORT_SIGNER_GRACE_MINUTES', read: minutes },
  { key: 'anchors', variable: 'SALLYPORT_ANCHORS', read: anchors },
  { key: 'anchorEveryMinutes', variable: 'SALLYPORT_ANCHOR_EVERY_MINUTES', read: minutes },
  { key: 'anchorAgeMaxMinutes', variable: 'SALLYPORT_ANCHOR_AGE_MAX_MINUTES', read: minutes },
  { key: 'anchorRefusesCalls', variable: 'SALLYPORT_ANCHOR_REFUSES_CALLS', read: flag },
  { key: 'retentionFolder', variable: 'SALLYPORT_RETENTION_FOLDER', read: text },
  { key: 'forwardTo', variable: 'SALLYPORT_FORWARD_TO', read: forwardTo },
  { key: 'outboundPrivateHosts', variable: 'SALLYPORT_OUTBOUND_PRIVATE_HOSTS', read: list },
  { key: 'outboundCaFile', variable: 'SALLYPORT_OUTBOUND_CA_FILE', read: text },
];

/**
 * The gateway's settings: the YAML file, and over it the `SALLYPORT_*` variables.
 * @throws ConfigError that names the key, where it stands, what is wrong and what would be right
 */
export function loadSettings(file: string | undefined, environment: Environment = process.env): Settings {
  const given = new Map<string, unknown>();
  if (file !== undefined) for (const [key, value] of Object.entries(readFile(file))) given.set(key, value);
  const values: Record<string, unknown> = {};
  for (const { key, variable, read } of SETTINGS) {
    const fromVariable = environment[variable];
    const raw = fromVariable === undefined || fromVariable === '' ? given.get(key) : fromVariable;
    if (raw === undefined || raw === null) continue;
    const place = raw === fromVariable ? variable : `"${key}" in ${file}`;
    values[key] = readOr(place, () => read(raw));
  }
  // Cast: each value was read by its own reader just above.
  return complete(values as Partial<Record<string, never>>);
}

function complete(values: Partial<Record<string, never>>): Settings {
  const known = values as Partial<Settings> & { tlsCertFile?: string; tlsKeyFile?: string };
  const { tlsCertFile, tlsKeyFile, ...rest } = known;
  const dataDir = resolve(known.dataDir ?? '.sallyport');
  const port = known.port ?? 7400;
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    throw new ConfigError('tlsCertFile and tlsKeyFile belong together: set both or neither.');
  }
  refusePlainRedis(known.redisUrl, known.redisPlaintext === true);
  const settings: Settings = {
    host: '127.0.0.1',
    tunnelHost: '127.0.0.1',
    tunnelPort: 7401,
    tunnelNames: ['localhost', '127.0.0.1'],
    publicUrl: `${tlsCertFile === undefined ? 'http' : 'https'}://localhost:${port}`,
    masterKeyFile: join(dataDir, 'master.key'),
    deploymentName: 'sallyport',
    quickstart: false,
    allowedOrigins: [],
    allowedHosts: [],
    logLevel: 'info',
    ...rest,
    port,
    dataDir,
    ...(tlsCertFile !== undefined && tlsKeyFile !== undefined
      ? { tls: { certFile: tlsCertFile, keyFile: tlsKeyFile } }
      : {}),
  };
  refuseUnsafe(settings, known);
  return settings;
}

/** Outside the quick start nothing that is only good for a try-out is accepted (DESIGN.md §10). */
function refuseUnsafe(settings: Settings, given: Partial<Settings>): void {
  if (settings.quickstart) return;
  if (!settings.publicUrl.startsWith('https://')) {
    throw new ConfigError(
      'publicUrl must begin with https://: tokens must not travel in the clear. Set SALLYPORT_PUBLIC_URL to the URL clients use; TLS may end here (tlsCertFile, tlsKeyFile) or at a proxy before the gateway.',
    );
  }
  if (given.masterKeyFile === undefined) {
    throw new ConfigError(
      'masterKeyFile is not set. Make a key with "openssl rand -hex 32 > master.key", keep it apart from the database, and set SALLYPORT_MASTER_KEY_FILE to it.',
    );
  }
  if (settings.demoDatabaseFile !== undefined) {
    throw new ConfigError(
      'demoDatabaseFile belongs to the quick start only. Remove SALLYPORT_DEMO_DATABASE_FILE.',
    );
  }
}

function readFile(file: string): Record<string, unknown> {
  const content = readOr(file, () => readFileSync(file, 'utf8'));
  const document = parseDocument(content, { uniqueKeys: true });
  const [problem] = document.errors;
  if (problem !== undefined) throw new ConfigError(`${file}: ${problem.message}`);
  const value: unknown = document.toJS({ maxAliasCount: 10 });
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError(`${file}: the settings are a YAML map.`);
  const keys = new Set(SETTINGS.map((setting) => setting.key));
  for (const key of Object.keys(value)) {
    if (!keys.has(key))
      throw new ConfigError(`${file}: there is no setting "${key}". There are: ${[...keys].join(', ')}.`);
  }
  return Object.fromEntries(Object.entries(value));
}

function readOr<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw new ConfigError(`${place}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
      cause: thrown,
    });
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new Error('must be a text');
  return value;
}

function port(value: unknown): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new Error('must be a port, 0 to 65535');
  return number;
}

function minutes(value: unknown): number {
  const number = Number(value);
  if (!Number.isFinite(number) || number <= 0 || number > 1_440)
    throw new Error('must be minutes, up to 1440');
  return number;
}

function list(value: unknown): string[] {
  const items: unknown[] = Array.isArray(value) ? value : text(value).split(',');
  return items.map((item) => text(item).trim()).filter((item) => item !== '');
}

/** A list in the file; in a variable the same as JSON. */
function anchors(value: unknown): ReturnType<typeof readAnchors> {
  return readAnchors(typeof value === 'string' ? JSON.parse(value) : value);
}

function forwardTo(value: unknown): ReturnType<typeof readForwardTo> {
  return readForwardTo(typeof value === 'string' ? JSON.parse(value) : value);
}

function url(value: unknown): string {
  const parsed = URL.parse(text(value));
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new Error('must be a URL like https://gateway.bank.example');
  if (parsed.search !== '' || parsed.hash !== '' || parsed.username !== '')
    throw new Error('must be a URL without ?, # or user');
  return parsed.href.replace(/\/+$/, '');
}

function databaseUrl(value: unknown): string {
  if (!/^postgres(ql)?:\/\//.test(text(value)))
    throw new Error('must be a URL like postgres://user:password@host:5432/sallyport');
  return text(value);
}

function deploymentName(value: unknown): string {
  if (!/^[a-z0-9][a-z0-9.-]{0,62}$/.test(text(value)))
    throw new Error('must be lower-case letters, digits, dots and dashes');
  return text(value);
}

function flag(value: unknown): boolean {
  if (value === true || value === '1' || value === 'true') return true;
  if (value === false || value === '0' || value === 'false') return false;
  throw new Error('must be true or false');
}

function logLevel(value: unknown): Settings['logLevel'] {
  if (value === 'error' || value === 'warn' || value === 'info' || value === 'debug') return value;
  throw new Error('must be error, warn, info or debug');
}
