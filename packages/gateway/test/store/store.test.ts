import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { migrate, openStore, type Store } from '../../src/store/index.ts';
import { quietLogger as logger, testDatabase, testPostgres } from './postgres.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(): Promise<{ store: Store; url: string }> {
  const { url, drop } = await testDatabase();
  closing.push(drop);
  const store = await openStore({ databaseUrl: url, logger });
  closing.push(() => store.close());
  return { store, url };
}

/** Waits for a condition that something else brings about. */
async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('every connection of the store works as the serving role, and RESET ROLE does not leave it', async () => {
  const { store } = await open();
  const own = await store.dedicated('test');
  closing.push(() => own.end());
  for (const connection of [store.pool, own]) {
    const { rows } = await connection.query('SELECT current_user AS name');
    expect(rows[0].name).toBe('sallyport_app');
  }
  await own.query('RESET ROLE');
  expect((await own.query('SELECT current_user AS name')).rows[0].name).toBe('sallyport_app');
});

test('migrating again applies nothing, and many starts at once apply each migration once', async () => {
  const { url } = await testPostgres().then((postgres) =>
    postgres.ensureDatabase('at-once').then((made) => ({ url: made })),
  );
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(url, logger)));
  const names = applied.flat();
  expect(names).toContain('0001_audit');
  expect(new Set(names).size).toBe(names.length);
  expect(await migrate(url, logger)).toEqual([]);
});

test('a database of another role is closed to the gateway’s role', async () => {
  const postgres = await testPostgres();
  await postgres.ensureDatabase('neighbour');
  const trespasser = new Client({ connectionString: postgres.url.replace('/sallyport?', '/neighbour?') });
  await expect(trespasser.connect()).rejects.toThrow(/permission denied/);
});

test('a wrong password is refused on the socket', async () => {
  const postgres = await testPostgres();
  const guess = new Client({ connectionString: postgres.url.replace(/password=\w+/, 'password=guess') });
  await expect(guess.connect()).rejects.toThrow(/password authentication failed/);
});

test('notices arrive, and a lost connection is a gap that is told once it listens again', async () => {
  const { store, url } = await open();
  const notices: string[] = [];
  let gaps = 0;
  await store.listen(
    'test_channel',
    (payload) => notices.push(payload),
    () => (gaps += 1),
  );
  await store.pool.query(`SELECT pg_notify('test_channel', 'one')`);
  await eventually(() => notices.length === 1);
  const admin = new Client({ connectionString: (await testPostgres()).adminUrl });
  await admin.connect();
  closing.push(() => admin.end());
  const database = new URL(url).pathname.slice(1);
  await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE '%watch'`,
    [database],
  );
  await eventually(() => gaps > 0);
  await store.pool.query(`SELECT pg_notify('test_channel', 'two')`);
  await eventually(() => notices.length === 2);
  expect(notices).toEqual(['one', 'two']);
  expect(store.healthy()).toBe(true);
});

test('after Postgres was killed it is started again by itself, and the store finds it', async () => {
  const postgres = await testPostgres();
  const { store } = await open();
  let gaps = 0;
  await store.listen(
    'test_channel',
    () => undefined,
    () => (gaps += 1),
  );
  await store.pool.query('SELECT 1');
  const before = postgres.pid();
  if (before === undefined) throw new Error('Postgres does not run');
  process.kill(before, 'SIGKILL');
  await eventually(() => !store.healthy());
  await eventually(() => store.healthy() && gaps > 0);
  expect(postgres.pid()).not.toBe(before);
  expect((await store.pool.query('SELECT 1 AS one')).rows[0].one).toBe(1);
});

test('a connection that is lost while it is checked out is an error of its next query, not the end of the process', async () => {
  const { store } = await open();
  const taken = await store.pool.connect();
  await taken.query('BEGIN');
  const postgres = await testPostgres();
  const pid = postgres.pid();
  if (pid === undefined) throw new Error('Postgres does not run');
  process.kill(pid, 'SIGKILL');
  await eventually(() => !store.healthy());
  await expect(taken.query('COMMIT')).rejects.toThrow();
  taken.release(true);
  await eventually(() => store.healthy());
  expect((await store.pool.query('SELECT 1 AS one')).rows[0].one).toBe(1);
});
