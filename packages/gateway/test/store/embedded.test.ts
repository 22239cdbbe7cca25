import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { copyNative, findBinaries } from '../../src/store/embedded/binaries.ts';
import { initialise, readOrMakePassword } from '../../src/store/embedded/initialise.ts';
import { chooseRunner, preparePlace } from '../../src/store/embedded/place.ts';
import { startEmbeddedPostgres } from '../../src/store/index.ts';
import { quietLogger as logger, temporaryFolder } from './postgres.ts';

const PROGRAM = fileURLToPath(new URL('./owner-program.ts', import.meta.url));
const cleaning: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean();
});

async function folder(): Promise<string> {
  const path = await temporaryFolder();
  await chmod(path, 0o755);
  cleaning.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

interface Owner {
  readonly child: ChildProcess;
  /** The next line it prints, as a process id. */
  nextPid(): Promise<number>;
  readonly complaint: Promise<string>;
}

function startOwner(dataDir: string): Owner {
  const child = spawn(process.execPath, ['--conditions=sallyport-source', PROGRAM, dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/bin:/bin' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const complaint = new Promise<string>((resolve) => {
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    child.once('close', () => resolve(text));
  });
  cleaning.push(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return { child, complaint, nextPid: async () => Number((await lines.next()).value) };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<void> {
  while (alive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Processes that have the folder in their command line: Postgres and its guardian. */
async function processesOn(dataDir: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(`${dataDir}/`)) found.push(line);
  }
  return found;
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('data and password stay from start to stop to start', async () => {
  const dataDir = await folder();
  const first = await startEmbeddedPostgres({ dataDir, logger });
  cleaning.push(() => first.stop());
  await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS seven');
  const bank = await first.ensureDatabase('core-banking');
  await first.stop();
  expect(first.pid()).toBeUndefined();
  const second = await startEmbeddedPostgres({ dataDir, logger });
  cleaning.push(() => second.stop());
  expect(second.url).toBe(first.url);
  expect(await second.ensureDatabase('core-banking')).toBe(bank);
  expect(await ask(second.url, 'SELECT seven FROM kept')).toEqual([{ seven: 7 }]);
  expect(await ask(bank, 'SELECT current_user AS name')).toEqual([{ name: 'core-banking' }]);
});

test('commits are durable, nothing listens on the network, and secrets are the runner’s alone', async () => {
  const dataDir = await folder();
  const postgres = await startEmbeddedPostgres({ dataDir, logger });
  cleaning.push(() => postgres.stop());
  const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'data_checksums'];
  const settings: Record<string, unknown> = {};
  for (const name of names) settings[name] = (await ask(postgres.url, `SHOW ${name}`))[0];
  expect(settings).toEqual({
    fsync: { fsync: 'on' },
    synchronous_commit: { synchronous_commit: 'on' },
    full_page_writes: { full_page_writes: 'on' },
    listen_addresses: { listen_addresses: '' },
    data_checksums: { data_checksums: 'on' },
  });
  const root = join(dataDir, 'postgres');
  expect((await stat(join(root, 'password'))).mode & 0o777).toBe(0o600);
  for (const path of [root, join(root, 'data'), join(root, 'socket')]) {
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  }
  const rules = await readFile(join(root, 'data', 'pg_hba.conf'), 'utf8');
  expect(rules).toMatch(/^local\s+all\s+all\s+scram-sha-256$/m);
  expect(rules).not.toMatch(/^[^#]*\b(trust|peer)\b/m);
});

test('Postgres ends with a process that was killed, and the next start has what was committed', async () => {
  const dataDir = await folder();
  const owner = startOwner(dataDir);
  const pid = await owner.nextPid();
  expect(alive(pid)).toBe(true);
  owner.child.kill('SIGKILL');
  // At once, while the earlier one may still be stopping.
  const next = await startEmbeddedPostgres({ dataDir, logger });
  cleaning.push(() => next.stop());
  expect(alive(pid)).toBe(false);
  expect(await ask(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await next.stop();
  expect(await processesOn(dataDir)).toEqual([]);
});

test('an interrupt to the owner’s process group does not reach Postgres', async () => {
  const dataDir = await folder();
  const postgres = await startEmbeddedPostgres({ dataDir, logger });
  cleaning.push(() => postgres.stop());
  const pid = postgres.pid();
  const stats = await Promise.all([process.pid, pid].map((id) => readFile(`/proc/${id}/stat`, 'utf8')));
  const [ours, theirs] = stats.map((text) =>
    text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .slice(2, 4),
  );
  expect(theirs).not.toEqual(ours);
});

test('a folder that another live gateway uses is refused in clear words', async () => {
  const dataDir = await folder();
  const owner = startOwner(dataDir);
  const pid = await owner.nextPid();
  await expect(startEmbeddedPostgres({ dataDir, logger })).rejects.toMatchObject({
    code: 'folder_in_use',
    message: expect.stringContaining(`pid ${pid}`),
  });
  expect(alive(pid)).toBe(true);
});

test('a Postgres whose guardian and owner were both killed is taken over', async () => {
  const dataDir = await folder();
  const owner = startOwner(dataDir);
  const pid = await owner.nextPid();
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const guardian = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  owner.child.kill('SIGSTOP');
  process.kill(guardian, 'SIGKILL');
  // The guardian's watcher still holds the pipe: it is part of the guardian and is killed with it.
  for (const child of await childrenNamed('sallyport-postgres-guardian', dataDir))
    process.kill(child, 'SIGKILL');
  owner.child.kill('SIGKILL');
  const next = await startEmbeddedPostgres({ dataDir, logger });
  cleaning.push(() => next.stop());
  await gone(pid);
  expect(await ask(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

async function childrenNamed(mark: string, dataDir: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await readdir('/proc')) {
    const line = /^\d+$/.test(pid) ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : '';
    if (line.includes(mark) && line.includes(`${dataDir}/`)) found.push(Number(pid));
  }
  return found;
}

test('a killed guardian, or a killed postmaster, is a restart', async () => {
  const dataDir = await folder();
  const owner = startOwner(dataDir);
  const first = await owner.nextPid();
  process.kill(first, 'SIGKILL');
  const second = await owner.nextPid();
  expect(second).not.toBe(first);
  const text = await readFile(`/proc/${second}/stat`, 'utf8');
  process.kill(Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]), 'SIGKILL');
  const third = await owner.nextPid();
  await gone(second);
  expect(alive(third)).toBe(true);
  owner.child.kill('SIGTERM');
  await once(owner.child, 'exit');
  await gone(third);
  expect(await processesOn(dataDir)).toEqual([]);
});

test('lock files of a process id that now is another program’s do not stop a start', async () => {
  const dataDir = await folder();
  const first = await startEmbeddedPostgres({ dataDir, logger });
  await first.stop();
  const root = join(dataDir, 'postgres');
  // This process is alive and no Postgres, as after a reboot.
  await writeFile(
    join(root, 'data', 'postmaster.pid'),
    `${process.pid}\n${root}/data\n1\n5432\n${root}/socket\n\n\nready\n`,
  );
  await writeFile(join(root, 'socket', '.s.PGSQL.5432.lock'), `${process.pid}\n`);
  const second = await startEmbeddedPostgres({ dataDir, logger });
  cleaning.push(() => second.stop());
  expect(await ask(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a first start that was interrupted leaves nothing in the way', async () => {
  const dataDir = await folder();
  await mkdir(join(dataDir, 'postgres'), { recursive: true });
  const { uid, gid } = chooseRunner();
  await chown(join(dataDir, 'postgres'), uid, gid);
  await mkdir(join(dataDir, 'postgres', 'data.unfinished-1'));
  const postgres = await startEmbeddedPostgres({ dataDir, logger });
  cleaning.push(() => postgres.stop());
  expect(await ask(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a data folder with a long path gets a short socket folder, the same each time', async () => {
  const dataDir = join(await folder(), 'long'.repeat(30));
  const postgres = await startEmbeddedPostgres({ dataDir, logger });
  cleaning.push(() => postgres.stop());
  const socket = new URL(postgres.url).searchParams.get('host') ?? '';
  cleaning.push(() => rm(socket, { recursive: true, force: true }));
  expect(Buffer.byteLength(`${socket}/.s.PGSQL.5432`)).toBeLessThan(108);
  await postgres.stop();
  const again = await startEmbeddedPostgres({ dataDir, logger });
  cleaning.push(() => again.stop());
  expect(again.url).toBe(postgres.url);
});

// Only root has another user to switch to.
if (process.getuid?.() === 0) {
  test('root’s private data folder: Postgres may pass through, no more', async () => {
    const dataDir = join(await folder(), 'data');
    await mkdir(dataDir, { mode: 0o700 });
    const postgres = await startEmbeddedPostgres({ dataDir, logger });
    cleaning.push(() => postgres.stop());
    expect((await stat(dataDir)).mode & 0o777).toBe(0o711);
  });

  test('binaries that Postgres’s user cannot reach are copied, once', async () => {
    const runner = chooseRunner();
    const place = await preparePlace(await folder(), runner, logger);
    const own = await findBinaries(place);
    const native = join(own.postgres, '..', '..');
    const copy = await copyNative(native, own.version, place);
    const made = (await stat(join(copy, 'bin', 'postgres'))).ino;
    expect(await copyNative(native, own.version, place)).toBe(copy);
    expect((await stat(join(copy, 'bin', 'postgres'))).ino).toBe(made);
    await readOrMakePassword(place);
    await initialise(
      place,
      { ...own, initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') },
      logger,
    );
    await access(join(place.data, 'PG_VERSION'));
  });

  test('inside a folder that Postgres’s user may not pass, the database is elsewhere', async () => {
    const closed = await folder();
    await chmod(closed, 0o700);
    const dataDir = join(closed, 'data');
    const postgres = await startEmbeddedPostgres({ dataDir, logger });
    const root = (await readFile(join(dataDir, 'postgres-folder'), 'utf8')).trim();
    cleaning.push(() => rm(root, { recursive: true, force: true }));
    cleaning.push(() => postgres.stop());
    expect(root.startsWith('/var/lib/sallyport/')).toBe(true);
    expect(await ask(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await access(join(root, 'data', 'PG_VERSION'));
  });
}
