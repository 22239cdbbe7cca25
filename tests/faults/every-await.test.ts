import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../../packages/gateway/test/store/postgres.ts';
import { type CrashPoint, killAtEveryAwait } from './every-await.ts';

let database: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.drop());

/** One of each kind of moment that differs; `pnpm kills --every-await` takes all there are, some hundreds. */
const MOMENTS: readonly CrashPoint[] = [
  // Postgres has the intent and has not said so: the call must not be sent, and ends as indeterminate.
  { victim: 'gateway', when: 'serving', point: 'commit of call.intent: sent', nth: 2 },
  // The outcome is durable and nothing of the answer has left.
  { victim: 'gateway', when: 'serving', point: 'commit of call.outcome: after', nth: 2 },
  // The decision of a person is recorded and its row is not committed.
  { victim: 'gateway', when: 'serving', point: 'commit of approval.decided: after', nth: 1 },
  // Both are, and nobody was told.
  { victim: 'gateway', when: 'serving', point: 'COMMIT: sent', nth: 2 },
  // What a crash left open is being settled.
  { victim: 'gateway', when: 'starting', point: 'commit of call.indeterminate and log.start: sent', nth: 1 },
  // The receipt is durable and the call has not reached the server.
  { victim: 'agent', when: 'serving', point: 'sync of HASH.ndjson: after', nth: 1 },
  // The server has the call and nobody has seen an answer.
  { victim: 'agent', when: 'serving', point: 'message to a stdio server: after', nth: 3 },
  // What it countersigned is kept and the gateway has no cosignature.
  { victim: 'agent', when: 'serving', point: 'rename to log-HASH.json: after', nth: 1 },
];

test('killed around commits and sends: nothing ran, was answered or was recorded as it must not', async () => {
  const result = await killAtEveryAwait({ databaseUrl: database.url, moments: MOMENTS, verifyEvery: 100 });
  expect(result.wrong).toEqual([]);
  expect(result.missed).toEqual([]);
  expect(result.killed).toEqual(MOMENTS);
  expect(result.answered).toBeGreaterThan(5);
  expect(result.verified).toBe(1);
}, 300_000);
