import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SERVERS } from './agent-config.ts';
import { readIfPresent, writePrivately } from './files.ts';
import type { Settings } from './settings.ts';
import type { Tokens } from './tokens.ts';

export interface Pids {
  readonly gateway: number | null;
  readonly agent: number | null;
  readonly postgres: number | null;
}

/** `.sallyport/quickstart.json`, the outer contract of DESIGN.md §10: fields may be added, these stay. */
export interface QuickstartFile {
  readonly gateway: string;
  readonly console: string;
  readonly mcp: Readonly<Record<string, string>>;
  readonly tokens: Tokens;
  readonly pids: Pids;
}

export function gatewayUrl(settings: Settings): string {
  return `http://localhost:${settings.port}`;
}

export async function writeQuickstartFile(
  settings: Settings,
  tokens: Tokens,
  pids: Pids,
): Promise<QuickstartFile> {
  const gateway = gatewayUrl(settings);
  const mcp = Object.fromEntries(SERVERS.map((server) => [server, `${gateway}/mcp/${server}`]));
  const file: QuickstartFile = { gateway, console: `${gateway}/`, mcp, tokens, pids };
  await writePrivately(settings.paths.quickstartFile, `${JSON.stringify(file, null, 2)}\n`);
  return file;
}

/** Where the embedded Postgres has its folder: in the data folder, or where the gateway noted when it could not be. */
async function postgresFolder(settings: Settings): Promise<string> {
  const elsewhere = (await readIfPresent(join(settings.dataDir, 'postgres-folder')))?.trim();
  return join(elsewhere || join(settings.dataDir, 'postgres'), 'data');
}

/** The postmaster's id by its own file, and its data folder; null when there is none. */
export async function readPostmaster(settings: Settings): Promise<{ pid: number; folder: string } | null> {
  const folder = await postgresFolder(settings);
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  return Number.isInteger(pid) && pid > 1 ? { pid, folder } : null;
}
