import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorText } from '@sallyport/shared/errors';
import { parseDocument } from 'yaml';
import { CONFIG_MAX_BYTES, SESSIONS_MAX } from '../limits.ts';
import { parseAddress } from './address.ts';
import { readAnalysers } from './analysers.ts';
import { Checks } from './checks.ts';
import { ConfigError } from './errors.ts';
import { readServers } from './servers.ts';
import type { AgentConfig, GatewayAddress } from './types.ts';

/** What the file held, so that a watcher can tell whether it changed. */
export interface ReadConfig {
  readonly config: AgentConfig;
  readonly text: string;
}

/**
 * Reads and checks agent.yaml.
 *
 * @throws ConfigError `config_unreadable`, or `config_invalid` with every problem found, each with its key.
 */
export function readConfig(file: string): ReadConfig {
  const text = readConfigText(file);
  return { config: parseConfig(text, file), text };
}

/** The file's text. @throws ConfigError `config_unreadable`. */
export function readConfigText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new ConfigError('config_unreadable', `${file}: can't be read (${errorText(cause)})`, { cause });
  }
  if (bytes.length > CONFIG_MAX_BYTES) {
    throw new ConfigError('config_unreadable', `${file}: is larger than ${CONFIG_MAX_BYTES} bytes`);
  }
  return bytes.toString('utf8');
}

/** Checks the text of an agent.yaml. @throws ConfigError `config_invalid`. */
export function parseConfig(text: string, file: string): AgentConfig {
  const document = parseDocument(text, { uniqueKeys: true, strict: true });
  const broken = document.errors[0];
  if (broken !== undefined) {
    const line = broken.linePos?.[0].line;
    const at = line === undefined ? '' : ` line ${line}:`;
    throw new ConfigError('config_invalid', `${file}:${at} ${broken.message.split('\n')[0]}`);
  }
  const checks = new Checks();
  const config = readRoot(checks, document.toJS({ maxAliasCount: 100 }), dirname(resolve(file)));
  if (checks.problems.length > 0 || config === undefined) {
    const lines = checks.problems.map((problem) => `${file}: ${problem}`);
    throw new ConfigError('config_invalid', lines.join('\n'));
  }
  return config;
}

function readRoot(checks: Checks, value: unknown, folder: string): AgentConfig | undefined {
  const root = checks.mapping('', value, ['gateway', 'servers', 'analysers', 'allow', 'limits']);
  if (root === undefined) return undefined;
  const gateways = readGateways(checks, root.gateway);
  const servers = readServers(checks, root.servers, folder);
  const analysers = readAnalysers(checks, root.analysers, folder);
  const allow = root.allow === undefined ? [] : (checks.texts('allow', root.allow) ?? []);
  for (const [index, pattern] of allow.entries()) {
    if (!/^https?:\/\/[^/@\s]+(\/\S*)?$/.test(pattern)) {
      checks.problem(
        `allow[${index}]`,
        'must be a URL pattern like "http://127.0.0.1:*" or "https://host/mcp/*"',
      );
    }
  }
  const limits = root.limits === undefined ? {} : (checks.mapping('limits', root.limits, ['sessions']) ?? {});
  const sessionsMax = checks.count('limits.sessions', limits.sessions, SESSIONS_MAX, 100_000);
  return { gateways, servers, analysers, allow, sessionsMax };
}

function readGateways(checks: Checks, value: unknown): GatewayAddress[] {
  const listed = Array.isArray(value) ? value : [value];
  const addresses: GatewayAddress[] = [];
  for (const [index, item] of listed.entries()) {
    const path = Array.isArray(value) ? `gateway[${index}]` : 'gateway';
    const text = checks.text(
      path,
      item,
      'write host:port of the gateway\'s tunnel, like "gateway.bank:7401"',
    );
    if (text === undefined) continue;
    const address = parseAddress(text);
    if (address === undefined) checks.problem(path, `"${text}" is not host:port, like "gateway.bank:7401"`);
    else addresses.push(address);
  }
  if (Array.isArray(value) && value.length === 0) {
    checks.problem('gateway', "must name at least one address of the gateway's tunnel");
  }
  return addresses;
}
