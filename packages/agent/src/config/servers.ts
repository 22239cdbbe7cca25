import { resolve } from 'node:path';
import { isServerName } from '@sallyport/shared/ids';
import { SESSIONS_MAX } from '../limits.ts';
import { type Checks, join } from './checks.ts';
import type { ServerDefinition, ServerLimits, ValueSource } from './types.ts';

const STDIO_KEYS = ['transport', 'command', 'env', 'cwd', 'limits'] as const;
const HTTP_KEYS = ['transport', 'url', 'headers', 'limits'] as const;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

// Headers the agent itself sets; a configured one would break the protocol or the framing.
const OWN_HEADERS = new Set([
  'accept',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'last-event-id',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Reads the mapping `servers` of agent.yaml. `folder` is where relative working folders start. */
export function readServers(checks: Checks, value: unknown, folder: string): Map<string, ServerDefinition> {
  const servers = new Map<string, ServerDefinition>();
  const entries = checks.mapping('servers', value ?? {}, 'any') ?? {};
  for (const [name, entry] of Object.entries(entries)) {
    const path = join('servers', name);
    if (!isServerName(name)) {
      checks.problem(path, 'a server is named with 1 to 40 characters of a-z, 0-9 and -');
      continue;
    }
    const definition = readServer(checks, path, name, entry, folder);
    if (definition !== undefined) servers.set(name, definition);
  }
  return servers;
}

function readServer(
  checks: Checks,
  path: string,
  name: string,
  value: unknown,
  folder: string,
): ServerDefinition | undefined {
  const any = checks.mapping(path, value, 'any');
  if (any === undefined) return undefined;
  const transport = any.transport;
  if (transport === 'stdio') return readStdio(checks, path, name, value, folder);
  if (transport === 'http' || transport === 'sse') return readHttp(checks, path, name, value, transport);
  checks.problem(`${path}.transport`, 'must be stdio, http or sse');
  return undefined;
}

function readStdio(
  checks: Checks,
  path: string,
  name: string,
  value: unknown,
  folder: string,
): ServerDefinition | undefined {
  const entry = checks.mapping(path, value, STDIO_KEYS);
  if (entry === undefined) return undefined;
  const words = checks.texts(`${path}.command`, entry.command);
  const [program, ...rest] = words ?? [];
  if (words !== undefined && (program === undefined || program === '')) {
    checks.problem(`${path}.command`, 'must name the program first, then its arguments');
  }
  const cwd = entry.cwd === undefined ? '.' : checks.text(`${path}.cwd`, entry.cwd, 'a folder');
  const env = readValues(checks, `${path}.env`, entry.env, (key) =>
    ENV_NAME.test(key) ? undefined : 'is not the name of an environment variable',
  );
  const limits = readLimits(checks, `${path}.limits`, entry.limits);
  if (program === undefined || program === '' || cwd === undefined) return undefined;
  return { name, transport: 'stdio', command: [program, ...rest], env, cwd: resolve(folder, cwd), limits };
}

function readHttp(
  checks: Checks,
  path: string,
  name: string,
  value: unknown,
  transport: 'http' | 'sse',
): ServerDefinition | undefined {
  const entry = checks.mapping(path, value, HTTP_KEYS);
  if (entry === undefined) return undefined;
  const what = 'the address of the server, like "http://127.0.0.1:3101/mcp"';
  const url = readUrl(checks, `${path}.url`, entry.url, what);
  const headers = readHeaders(checks, `${path}.headers`, entry.headers);
  const limits = readLimits(checks, `${path}.limits`, entry.limits);
  if (url === undefined) return undefined;
  return { name, transport, url, headers, limits };
}

/** Headers that the agent presents; not those that it sets itself. */
export function readHeaders(checks: Checks, path: string, value: unknown): Record<string, ValueSource> {
  return readValues(checks, path, value, (key) => {
    if (!HEADER_NAME.test(key)) return 'is not the name of an HTTP header';
    const lower = key.toLowerCase();
    if (OWN_HEADERS.has(lower) || lower.startsWith('mcp-')) return 'is set by the agent itself; remove it';
    return undefined;
  });
}

/** A URL without a password in it. `what` is what it is the address of. */
export function readUrl(checks: Checks, path: string, value: unknown, what: string): string | undefined {
  const text = checks.text(path, value, what);
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    checks.problem(path, 'must be a URL that begins with http:// or https://');
    return undefined;
  }
  if (url.username !== '' || url.password !== '') {
    checks.problem(path, 'must not hold a password; use headers with a credential');
    return undefined;
  }
  return url.href;
}

function readValues(
  checks: Checks,
  path: string,
  value: unknown,
  objection: (key: string) => string | undefined,
): Record<string, ValueSource> {
  const values: Record<string, ValueSource> = {};
  if (value === undefined) return values;
  for (const [key, item] of Object.entries(checks.mapping(path, value, 'any') ?? {})) {
    const problem = objection(key);
    if (problem !== undefined) {
      checks.problem(join(path, key), problem);
      continue;
    }
    const source = readValue(checks, join(path, key), item);
    if (source !== undefined) values[key] = source;
  }
  return values;
}

function readValue(checks: Checks, path: string, value: unknown): ValueSource | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    const text = String(value);
    if (!/[\r\n\0]/.test(text)) return { kind: 'literal', text };
    checks.problem(path, 'must be one line');
    return undefined;
  }
  const entry = checks.mapping(path, value, ['credential', 'format']);
  if (entry === undefined) return undefined;
  const reference = checks.text(`${path}.credential`, entry.credential, 'write "env:NAME" or "file:/path"');
  const format = entry.format === undefined ? '{}' : checks.text(`${path}.format`, entry.format, '');
  if (reference === undefined || format === undefined) return undefined;
  if (!/^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/.test(reference)) {
    checks.problem(`${path}.credential`, 'must be "env:NAME" or "file:/absolute/path"');
    return undefined;
  }
  if (!format.includes('{}') || /[\r\n\0]/.test(format)) {
    checks.problem(`${path}.format`, 'must be one line that holds {} where the credential goes');
    return undefined;
  }
  return { kind: 'credential', reference, format };
}

function readLimits(checks: Checks, path: string, value: unknown): ServerLimits {
  const entry = value === undefined ? {} : (checks.mapping(path, value, ['sessions']) ?? {});
  return { sessions: checks.count(`${path}.sessions`, entry.sessions, SESSIONS_MAX, 100_000) };
}
