import { systemClock } from '@sallyport/shared/clock';
import { Client } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { Jobs } from '../../src/jobs/index.ts';
import { openStore } from '../../src/store/index.ts';
import { quietLogger as logger, testDatabase, testPostgres } from '../store/postgres.ts';
import { provesWakes } from './woken.ts';

describe('on Postgres', () => {
  provesWakes(async ({ store }) => ({
    place: { store },
    loseAll: async () => {
      await store.pool.query('DELETE FROM bullmq.job');
    },
  }));
});

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test('jobs wait for the next process, hold an id and nothing else, and are gone when they are done', async () => {
  const { url, drop } = await testDatabase();
  closing.push(drop);
  const store = await openStore({ databaseUrl: url, logger });
  closing.push(() => store.close());
  const open = () => Jobs.open({ place: { store }, clock: systemClock, logger });
  const before = await open();
  before.wake('approval', 'apr_1', systemClock.now());
  await before.close();
  const rows = async () => (await store.pool.query('SELECT name, data FROM bullmq.job')).rows;
  expect(await rows()).toEqual([{ name: 'approval', data: { id: 'apr_1' } }]);
  const seen: string[] = [];
  const after = await open();
  closing.push(() => after.close());
  after.work({
    approval: async (id) => {
      seen.push(id);
      return seen.length < 3 ? systemClock.now() + 20 : undefined;
    },
  });
  await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['apr_1', 'apr_1', 'apr_1']);
  await expect.poll(rows).toEqual([]);
});

test('connections that are cut while they listen and work are made again, and wakes go on', async () => {
  const { url, drop } = await testDatabase();
  closing.push(drop);
  const store = await openStore({ databaseUrl: url, logger });
  closing.push(() => store.close());
  const jobs = await Jobs.open({ place: { store }, clock: systemClock, logger });
  closing.push(() => jobs.close());
  const seen = new Set<string>();
  jobs.work({
    approval: async (id) => {
      seen.add(id);
      return undefined;
    },
  });
  jobs.wake('approval', 'before', systemClock.now());
  await expect.poll(() => [...seen], { timeout: 10_000 }).toEqual(['before']);
  // Only the superuser may cut them; by then BullMQ has named the one that listens itself.
  const admin = new Client({ connectionString: (await testPostgres()).adminUrl });
  await admin.connect();
  const { rows } = await admin.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
    [new URL(url).pathname.slice(1)],
  );
  await admin.end();
  expect(rows.length).toBeGreaterThan(2);
  let n = 0;
  await expect
    .poll(
      () => {
        n += 1;
        jobs.wake('approval', `after-${n}`, systemClock.now());
        return seen.size;
      },
      { timeout: 15_000, interval: 200 },
    )
    .toBeGreaterThan(1);
});
