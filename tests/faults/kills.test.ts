import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../../packages/gateway/test/store/postgres.ts';
import { killAgainAndAgain } from './kills.ts';

let database: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.drop());

// `pnpm kills` does it 500 times. A failure says its seed, and the same seed kills at the same moments.
test('50 kills of the real programs at random moments: nothing ran, was answered or was recorded as it must not', async () => {
  const seed = Date.now() % 1_000_000;
  const result = await killAgainAndAgain({ count: 50, seed, verifyEvery: 25, databaseUrl: database.url });
  expect(result.wrong, `seed ${seed}`).toEqual([]);
  expect(result.kills.gateway + result.kills.agent + result.kills.both).toBe(50);
  expect(result.answered).toBeGreaterThan(50);
  expect(result.verified).toBe(2);
}, 400_000);
