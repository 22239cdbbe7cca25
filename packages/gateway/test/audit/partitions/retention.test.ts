import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import { consistencyProof, provesConsistency } from '@sallyport/shared/merkle';
import { expect, test } from 'vitest';
import type { RetentionClass } from '../../../src/audit/index.ts';
import { classOf, keptUntil } from '../../../src/audit/retention/classes.ts';
import { nodeReader } from '../../../src/audit/tree/nodes.ts';
import { afterTest, freshDatabase, intent, outcome, ownerClient, storeOn } from '../fixture.ts';
import { opened, signedAudit, signerFolder } from '../signed.ts';

const classes: RetentionClass[] = [
  { name: 'calls', kinds: ['call.*'], keep: '2y' },
  { name: 'ledger', servers: ['ledger'], keep: '7y' },
  { name: 'reads', kinds: ['log.read'], keep: '400d' },
];

test('the longest class that matches decides on an entry, and five years where none does', () => {
  expect(classOf(classes, 'call.outcome', 'everything').name).toBe('calls');
  expect(classOf(classes, 'call.outcome', 'ledger').name).toBe('ledger');
  expect(classOf(classes, 'log.read', null).name).toBe('reads');
  expect(classOf(classes, 'callback.sent', null)).toEqual({ name: 'default', keep: '5y' });
  expect(classOf([{ name: 'all', kinds: ['*'], keep: '1y' }], 'auth.failure', null).name).toBe('all');
});

test('years and months are the calendar’s', () => {
  const end = Date.parse('2026-03-01T00:00:00Z');
  const at = (keep: string) => new Date(keptUntil(end, keep)).toISOString().slice(0, 10);
  expect([at('5y'), at('18m'), at('365d')]).toEqual(['2031-03-01', '2027-09-01', '2027-03-01']);
  expect(() => keptUntil(end, 'forever')).toThrow(RangeError);
});

/** A log with entries in January and February of 2020 and today, its checkpoints anchored in a folder. */
async function oldLog(keep: readonly RetentionClass[]) {
  const url = await freshDatabase();
  const [store, folder] = [await storeOn(url), await signerFolder()];
  const anchors = mkdtempSync(join(tmpdir(), 'sallyport-anchors-'));
  afterTest(async () => rmSync(anchors, { recursive: true, force: true }));
  const clock = {
    at: Date.parse('2020-01-15T00:00:00Z'),
    now: () => clock.at,
    monotonicMs: systemClock.monotonicMs,
  };
  const anchoring = {
    anchors: [{ name: 'share', folder: anchors }],
    refuses: false,
    outbound: { privateHosts: [] },
  };
  const open = () => signedAudit(store, folder, { clock, anchoring, retentionClasses: () => keep });
  const audit = await open();
  const bulk = async (from: number, count: number) => {
    await Promise.all(Array.from({ length: count }, (_, n) => audit.record(intent(`cal_${from + n}`))));
    await Promise.all(Array.from({ length: count }, (_, n) => audit.record(outcome(`cal_${from + n}`))));
  };
  await bulk(0, 150);
  const early = await audit.makeCheckpoint();
  clock.at = Date.parse('2020-02-15T00:00:00Z');
  await bulk(1_000, 150);
  clock.at = Date.now();
  await bulk(2_000, 150);
  return { url, store, clock, audit, open, early };
}

test('status says of each month which entries it has, what decides, when it is due and what is in the way', async () => {
  const { audit, url } = await oldLog(classes.slice(0, 1));
  const owner = await ownerClient(url);
  const month = async (name: string) => (await audit.retention.status()).find((each) => each.name === name);
  // log.start has no class, so that of five years decides.
  const january = await month('2020_01');
  expect(january).toMatchObject({
    state: 'blocked',
    from: 0,
    dueAt: '2025-02-01T00:00:00.000Z',
    blockedBy: [expect.stringMatching(/anchored/)],
  });
  expect(january?.classes.map(({ name }) => name)).toEqual(['default', 'calls']);
  expect(january?.classes[1]?.entries).toBe(300);
  expect(await month('2020_02')).toMatchObject({
    state: 'blocked',
    from: january?.until,
    dueAt: '2022-03-01T00:00:00.000Z',
    blockedBy: [expect.stringMatching(/older/), expect.stringMatching(/anchored/)],
  });
  await audit.anchors?.now();
  expect(await month('2020_01')).toMatchObject({ state: 'due', blockedBy: [] });
  await owner.query(`INSERT INTO audit_holds (id, reason, scope, placed_at, placed_by)
    VALUES ('hld_1', 'case 77', '{"from": 5, "until": 6}', now(), 'legal')`);
  expect(await month('2020_01')).toMatchObject({
    state: 'blocked',
    blockedBy: [expect.stringMatching(/hld_1/)],
  });
  const states = (await audit.retention.status()).map(({ state }) => state);
  expect(states).toContain('open');
  expect(states).toContain('empty');
});

test('what is kept longer is not due, and neither clock alone makes it so', async () => {
  const { audit, clock } = await oldLog([{ name: 'long', kinds: ['*'], keep: '30y' }]);
  const state = async () => (await audit.retention.status()).find(({ name }) => name === '2020_01')?.state;
  expect(await state()).toBe('kept');
  clock.at = Date.parse('2060-01-01T00:00:00Z');
  expect(await state()).toBe('kept');
});

test('a month that has gone leaves a log that starts, grows, is signed, searched and proven as before', async () => {
  const { audit, url, store, early, open } = await oldLog([{ name: 'short', kinds: ['*'], keep: '1y' }]);
  const owner = await ownerClient(url);
  await audit.makeCheckpoint();
  await audit.anchors?.now();
  const january = (await audit.retention.status()).find(({ name }) => name === '2020_01');
  const drop = (entry: number) => owner.query('SELECT audit_drop_month($1, 0, $2)', ['2020_01', entry]);
  const fields = { partition: '2020_01', from: 0, until: january?.until ?? 0 };
  // Not without an entry, not with one of other entries, whoever asks.
  await expect(store.pool.query("SELECT audit_drop_month('2020_01', 0, 5)")).rejects.toThrow(/does not say/);
  await expect(drop(5)).rejects.toThrow(/does not say/);
  const wrong = await audit.record({ kind: 'retention.dropped', fields: { ...fields, until: 5 } });
  await expect(drop(wrong.seq)).rejects.toThrow(/does not say/);
  const { seq } = await audit.record({ kind: 'retention.dropped', fields });
  const hold = `INSERT INTO audit_holds (id, reason, scope, placed_at, placed_by)
    VALUES ('hld_1', 'case 77', '{"from": 5, "until": 6}', now(), 'legal')`;
  await owner.query(hold);
  await expect(drop(seq)).rejects.toThrow(/legal hold/);
  await owner.query("UPDATE audit_holds SET released_at = now() WHERE id = 'hld_1'");
  await drop(seq);
  await drop(seq);
  await audit.close();

  const next = await open();
  const first = fields.until;
  expect(next.first()).toBe(first);
  expect(await next.get(first - 1)).toBeUndefined();
  const oldest = await next.searchPage({ order: 'oldest', limit: 3 });
  expect(oldest.items.map((each) => each.seq)).toEqual([first, first + 1, first + 2]);
  expect(await next.seqAt('2020-01-01T00:00:00Z')).toBe(first);
  expect(await next.search({ call: 'cal_1001', limit: 5 })).toHaveLength(2);
  expect((await next.retention.status()).find(({ name }) => name === '2020_01')).toMatchObject({
    state: 'dropped',
    from: 0,
    until: first,
    dropped: { entry: seq },
  });
  await next.record(intent('cal_new'));
  const made = await next.makeCheckpoint();
  const keys = next.signing()?.keys ?? [];
  // From a checkpoint in the middle of what is gone to one of today.
  const [one, two] = [opened(early.note, keys), opened(made.note, keys)];
  const read = nodeReader((text, values) => store.pool.query(text, values), 0, two.size);
  const proof = await consistencyProof(one.size, two.size, read);
  const claim = { size1: one.size, root1: one.root, size2: two.size, root2: two.root, proof };
  expect(provesConsistency(claim)).toBe(true);
  expect(await next.treeBefore(first)).not.toHaveLength(0);
});
