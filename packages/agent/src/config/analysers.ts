import { resolve } from 'node:path';
import {
  ANALYSER_TIMEOUT_MAX_MS,
  ANALYSER_TIMEOUT_MS,
  PLUGIN_MEMORY_MAX_MB,
  PLUGIN_MEMORY_MB,
} from '../limits.ts';
import { type Checks, join } from './checks.ts';
import { readHeaders, readUrl } from './servers.ts';
import type { AnalyserDefinition } from './types.ts';

const ANALYSER_NAME = /^[a-z0-9-]{1,40}$/;

/** Reads the mapping `analysers` of agent.yaml. `folder` is where relative paths start. */
export function readAnalysers(
  checks: Checks,
  value: unknown,
  folder: string,
): Map<string, AnalyserDefinition> {
  const analysers = new Map<string, AnalyserDefinition>();
  for (const [name, entry] of Object.entries(checks.mapping('analysers', value ?? {}, 'any') ?? {})) {
    const path = join('analysers', name);
    if (!ANALYSER_NAME.test(name)) {
      checks.problem(path, 'an analyser is named with 1 to 40 characters of a-z, 0-9 and -');
      continue;
    }
    const definition = readAnalyser(checks, path, entry, folder);
    if (definition !== undefined) analysers.set(name, definition);
  }
  return analysers;
}

function readAnalyser(
  checks: Checks,
  path: string,
  value: unknown,
  folder: string,
): AnalyserDefinition | undefined {
  const { type } = checks.mapping(path, value, 'any') ?? {};
  if (type === 'presidio') return readPresidio(checks, path, value);
  if (type === 'plugin') return readPlugin(checks, path, value, folder);
  checks.problem(`${path}.type`, 'must be presidio or plugin');
  return undefined;
}

function readPresidio(checks: Checks, path: string, value: unknown): AnalyserDefinition | undefined {
  const known = ['type', 'url', 'language', 'headers', 'batch', 'timeoutMs'];
  const entry = checks.mapping(path, value, known) ?? {};
  const what = 'where texts are posted, like "http://127.0.0.1:5002/analyze"';
  const url = readUrl(checks, `${path}.url`, entry.url, what);
  const headers = readHeaders(checks, `${path}.headers`, entry.headers);
  const language = entry.language ?? 'en';
  if (typeof language !== 'string' || !/^[a-z]{2,3}$/.test(language)) {
    checks.problem(`${path}.language`, 'must be the code of a language, like "en"');
    return undefined;
  }
  const batch = entry.batch ?? true;
  if (typeof batch !== 'boolean') {
    checks.problem(`${path}.batch`, 'must be true or false');
    return undefined;
  }
  const timeoutMs = readTimeout(checks, path, entry.timeoutMs);
  return url === undefined ? undefined : { type: 'presidio', url, language, headers, batch, timeoutMs };
}

function readPlugin(
  checks: Checks,
  path: string,
  value: unknown,
  folder: string,
): AnalyserDefinition | undefined {
  const entry = checks.mapping(path, value, ['type', 'module', 'settings', 'memoryMb', 'timeoutMs']) ?? {};
  const file = checks.text(`${path}.module`, entry.module, 'the path of a module that exports "analyse"');
  const memoryMb = checks.count(`${path}.memoryMb`, entry.memoryMb, PLUGIN_MEMORY_MB, PLUGIN_MEMORY_MAX_MB);
  const timeoutMs = readTimeout(checks, path, entry.timeoutMs);
  if (file === undefined) return undefined;
  return { type: 'plugin', module: resolve(folder, file), settings: entry.settings, memoryMb, timeoutMs };
}

function readTimeout(checks: Checks, path: string, value: unknown): number {
  return checks.count(`${path}.timeoutMs`, value, ANALYSER_TIMEOUT_MS, ANALYSER_TIMEOUT_MAX_MS);
}
