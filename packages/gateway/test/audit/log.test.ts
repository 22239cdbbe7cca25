import { systemClock } from '@sallyport/shared/clock';
import { expect, test } from 'vitest';
import { type Audit, openAudit } from '../../src/audit/index.ts';
import type { Store } from '../../src/store/index.ts';
import { quietLogger as logger } from '../store/postgres.ts';
import {
  afterTest,
  auditOn,
  freshDatabase,
  intent,
  outcome,
  ownerClient,
  soundLog,
  storeOn,
} from './fixture.ts';

test('entries are in the order of their calls, dense from 0, and durable when the promise resolves', async () => {
  const url = await freshDatabase();
  const audit = await auditOn(await storeOn(url));
  const recorded = await Promise.all(
    Array.from({ length: 1_200 }, (_, index) => audit.record(intent(`cal_${index}`))),
  );
  expect(recorded.map(({ seq }) => seq)).toEqual(recorded.map((_, index) => index + 1));
  const log = await soundLog(url);
  expect(log[0]).toMatchObject({ kind: 'log.start' });
  expect(log.slice(1).map(({ call }) => call)).toEqual(recorded.map((_, index) => `cal_${index}`));
  expect(log.slice(1).map(({ leaf }) => leaf.id)).toEqual(recorded.map(({ id }) => id));
  expect(audit.size()).toBe(1_201);
});

test('a log is continued where it ended, with a stop and a start between', async () => {
  const url = await freshDatabase();
  const store = await storeOn(url);
  const first = await auditOn(store);
  await first.record({ kind: 'config.change' });
  await first.close();
  await expect(first.record({ kind: 'config.change' })).rejects.toMatchObject({ code: 'unavailable' });
  const second = await auditOn(store);
  await second.record({ kind: 'config.change' });
  const kinds = (await soundLog(url)).map(({ kind }) => kind);
  expect(kinds).toEqual(['log.start', 'config.change', 'log.stop', 'log.start', 'config.change']);
});

test('time in the log never falls, though the clock is set back', async () => {
  const url = await freshDatabase();
  const store = await storeOn(url);
  let nowMs = 1_800_000_000_000;
  const clock = { now: () => nowMs, monotonicMs: systemClock.monotonicMs };
  const audit = await auditOn(store, { clock });
  await audit.record({ kind: 'config.change' });
  nowMs -= 3_600_000;
  await audit.record({ kind: 'config.change' });
  await audit.close();
  await auditOn(store, { clock });
  await soundLog(url);
});

test('a value that has no canonical form, or is too large, is refused and leaves no gap', async () => {
  const url = await freshDatabase();
  const audit = await auditOn(await storeOn(url));
  const results = await Promise.allSettled([
    audit.record({ kind: 'a.b', tool: 'lone \ud800' }),
    audit.record({ kind: 'a.b', duration: 1.5 }),
    audit.record({ kind: 'a.b', fields: { much: 'x'.repeat(300_000) } }),
    audit.record({ kind: 'a.b' }),
  ]);
  expect(
    results.map((result) => (result.status === 'rejected' ? result.reason.code : result.value.seq)),
  ).toEqual(['invalid', 'invalid', 'invalid', 1]);
  await soundLog(url);
});

test('a slot has one owner; without a given slot another gateway takes the next', async () => {
  const url = await freshDatabase();
  const [one, two] = [await storeOn(url), await storeOn(url)];
  const open = async (store: Store): Promise<Audit> => {
    const audit = await openAudit({ store, deploymentName: 'test', clock: systemClock, logger });
    afterTest(() => audit.close());
    return audit;
  };
  const first = await open(one);
  const second = await open(two);
  expect([first.origin, second.origin]).toEqual(['test/log/0', 'test/log/1']);
  await Promise.all([first.record(intent('cal_a')), second.record(intent('cal_b'))]);
  expect((await soundLog(url, 0)).at(-1)).toMatchObject({ call: 'cal_a', seq: 1 });
  expect((await soundLog(url, 1)).at(-1)).toMatchObject({ call: 'cal_b', seq: 1 });
});

test('a log that was begun under another name is not continued', async () => {
  const url = await freshDatabase();
  const store = await storeOn(url);
  await (await auditOn(store)).close();
  await expect(auditOn(store, { deploymentName: 'renamed' })).rejects.toMatchObject({
    code: 'origin_changed',
  });
});

test('search filters, pages by seq and finds times by halving', async () => {
  const url = await freshDatabase();
  let nowMs = 1_800_000_000_000;
  const audit = await auditOn(await storeOn(url), { clock: { now: () => nowMs, monotonicMs: () => 0 } });
  for (let index = 0; index < 20; index += 1) {
    nowMs += 1_000;
    await audit.record(intent(`cal_${index}`));
    await audit.record(outcome(`cal_${index}`));
  }
  const seqs = async (query: Parameters<typeof audit.search>[0]) =>
    (await audit.search(query)).map(({ seq }) => seq);
  expect(await seqs({ limit: 3 })).toEqual([40, 39, 38]);
  expect(await seqs({ limit: 3, after: 38 })).toEqual([37, 36, 35]);
  expect(await seqs({ limit: 2, order: 'oldest', after: 1 })).toEqual([2, 3]);
  expect(await seqs({ limit: 9, call: 'cal_7' })).toEqual([16, 15]);
  expect(
    await seqs({ limit: 9, call: 'cal_7', kind: 'call.intent', tool: 'echo', principal: 'robot' }),
  ).toEqual([15]);
  expect(await seqs({ limit: 9, principal: 'nobody' })).toEqual([]);
  const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1_000).toISOString();
  expect(await seqs({ limit: 9, from: at(3), until: at(5), order: 'oldest' })).toEqual([5, 6, 7, 8]);
  expect(await seqs({ limit: 9, from: at(99) })).toEqual([]);
  const entry = await audit.get(15);
  expect(entry).toMatchObject({ seq: 15, kind: 'call.intent', origin: 'test/log/0', ts: at(8) });
  expect(await audit.get(41)).toBeUndefined();
});

test('nobody changes the log: the serving role has no right to, and triggers stop the owner', async () => {
  const url = await freshDatabase();
  const store = await storeOn(url);
  await auditOn(store);
  const owner = await ownerClient(url);
  for (const statement of [
    `UPDATE audit_entries SET kind = 'x'`,
    'DELETE FROM audit_entries',
    'TRUNCATE audit_entries',
  ]) {
    await expect(store.pool.query(statement)).rejects.toThrow(/permission denied/);
    await expect(owner.query(statement)).rejects.toThrow(/append-only/);
  }
  await expect(store.pool.query('ALTER TABLE audit_entries DISABLE TRIGGER ALL')).rejects.toThrow(
    /must be owner/,
  );
  expect(await soundLog(url)).toHaveLength(1);
});
