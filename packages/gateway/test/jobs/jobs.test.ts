import { systemClock } from '@sallyport/shared/clock';
import { afterEach, describe, expect, test } from 'vitest';
import { Jobs } from '../../src/jobs/index.ts';
import { openStore } from '../../src/store/index.ts';
import { quietLogger as logger, testDatabase } from '../store/postgres.ts';
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
