import { expect, test } from 'vitest';
import { ask, type Bench, openBench, person } from './fixture.ts';

const approve = (bench: Bench, id: string, name: string, more: object = {}) =>
  bench.approvals.decide(id, { effect: 'approve', digest: ask.digest, ...more }, person(name));
const HOUR_MS = 3_600_000;

test('nobody who asks decides, nobody outside the groups, nobody on another digest, nobody twice', async () => {
  const bench = await openBench({ stages: [{ approvers: ['treasury'], needed: 2 }] });
  const { id } = await bench.approvals.request(ask);
  await expect(approve(bench, id, 'engineer')).rejects.toMatchObject({ code: 'own' });
  await expect(approve(bench, id, 'carol')).rejects.toMatchObject({ code: 'not_eligible' });
  await expect(approve(bench, id, 'alice', { digest: 'e'.repeat(64) })).rejects.toMatchObject({
    code: 'conflict',
  });
  expect(await approve(bench, id, 'alice')).toMatchObject({ state: 'pending' });
  await expect(approve(bench, id, 'alice')).rejects.toMatchObject({ code: 'conflict' });
  expect(await approve(bench, id, 'bob')).toMatchObject({ state: 'approved' });
  expect(bench.entries.map(({ kind, fields }) => [kind, fields.state])).toEqual([
    ['approval.requested', 'pending'],
    ['approval.decided', 'pending'],
    ['approval.decided', 'approved'],
  ]);
  expect(bench.entries.every(({ fields }) => fields.digest === ask.digest)).toBe(true);
});

test('what cannot be recorded does not happen', async () => {
  const bench = await openBench();
  bench.logDown = true;
  await expect(bench.approvals.request(ask)).rejects.toMatchObject({ code: 'unavailable' });
  bench.logDown = false;
  const { id } = await bench.approvals.request(ask);
  bench.logDown = true;
  await expect(approve(bench, id, 'alice')).rejects.toMatchObject({ code: 'unavailable' });
  expect(await bench.approvals.get(id)).toMatchObject({ state: 'pending', votes: [] });
  bench.logDown = false;
  await approve(bench, id, 'alice');
  bench.logDown = true;
  await expect(bench.approvals.use(id, ask.digest, ask.requester)).rejects.toMatchObject({
    code: 'unavailable',
  });
  expect(await bench.approvals.get(id)).toMatchObject({ state: 'approved' });
});

test('a call in other circumstances supersedes what was asked and what was approved; another call does not', async () => {
  const bench = await openBench();
  const first = await bench.approvals.request(ask);
  await approve(bench, first.id, 'alice');
  const other = await bench.approvals.request({ ...ask, digest: 'a'.repeat(64), callKey: 'other' });
  const second = await bench.approvals.request({ ...ask, digest: 'b'.repeat(64), policyVersion: 'v2' });
  expect(await bench.approvals.get(first.id)).toMatchObject({ state: 'superseded', supersededBy: second.id });
  expect(await bench.approvals.get(other.id)).toMatchObject({ state: 'pending' });
  await expect(bench.approvals.use(first.id, ask.digest, ask.requester)).rejects.toMatchObject({
    code: 'conflict',
  });
});

test('glass is broken by one of the group with a reason, reviewed by a third, and not again while that is late', async () => {
  const breakGlass = { approvers: ['risk'], reviewers: ['board', 'risk'], reviewMinutes: 30 };
  const bench = await openBench({ breakGlass });
  const { id } = await bench.approvals.request(ask);
  const broken = { breakGlass: true, reason: 'the settlement window closes' };
  await expect(approve(bench, id, 'alice', broken)).rejects.toMatchObject({ code: 'not_eligible' });
  await expect(approve(bench, id, 'carol', { breakGlass: true })).rejects.toMatchObject({ code: 'invalid' });
  expect(await approve(bench, id, 'carol', broken)).toMatchObject({
    state: 'approved',
    breakGlass: { by: 'carol' },
  });
  bench.later(31 * 60_000);
  const next = await bench.approvals.request({ ...ask, digest: 'b'.repeat(64), callKey: 'other' });
  const again = () =>
    bench.approvals.decide(
      next.id,
      { effect: 'approve', digest: 'b'.repeat(64), ...broken },
      person('carol'),
    );
  await expect(again()).rejects.toMatchObject({ message: /not reviewed in time/ });
  const reviewer = (name: string) =>
    ({ kind: 'service-account', name, groups: person(name).groups }) as const;
  await expect(bench.approvals.review(id, 'looked at it', reviewer('carol'))).rejects.toMatchObject({
    code: 'own',
  });
  await expect(bench.approvals.review(id, 'looked at it', reviewer('alice'))).rejects.toMatchObject({
    code: 'not_eligible',
  });
  expect(await bench.approvals.list({ unreviewed: true, limit: 10 })).toHaveLength(1);
  await bench.approvals.review(id, 'looked at it', reviewer('dave'));
  expect(await again()).toMatchObject({ state: 'approved' });
});

test('it is escalated once, in the log, and denied when its time is over', async () => {
  const bench = await openBench({ escalation: [{ afterMinutes: 15, approvers: ['board'] }] });
  const { id } = await bench.approvals.request(ask);
  bench.later(16 * 60_000);
  await bench.approvals.tick();
  await bench.approvals.tick();
  expect(bench.entries.filter(({ kind }) => kind === 'approval.escalated')).toMatchObject([
    { fields: { to: ['board'] } },
  ]);
  bench.later(HOUR_MS);
  await expect(approve(bench, id, 'dave')).rejects.toMatchObject({ message: /ran out/ });
  await bench.approvals.tick();
  expect(await bench.approvals.get(id)).toMatchObject({ state: 'expired' });
  // The requester that comes back is told, once; then it asks anew.
  expect(await bench.approvals.request(ask)).toMatchObject({ id, state: 'expired' });
  expect(await bench.approvals.request(ask)).toMatchObject({ state: 'pending' });
});

test('who waits on one replica is woken by a decision on another, and by the tick where the notice was lost', async () => {
  const bench = await openBench();
  const other = await bench.restart();
  const { id } = await bench.approvals.request(ask);
  const waits = bench.approvals.wait(id, new AbortController().signal);
  const began = Date.now();
  await other.decide(id, { effect: 'approve', digest: ask.digest }, person('alice'));
  expect(await waits).toMatchObject({ id, state: 'approved' });
  expect(Date.now() - began).toBeLessThan(1_000);
  const second = await bench.approvals.request({ ...ask, digest: 'b'.repeat(64), callKey: 'other' });
  const lost = bench.approvals.wait(second.id, new AbortController().signal);
  await bench.store.pool.query(`UPDATE approvals SET state = 'denied' WHERE id = $1`, [second.id]);
  await bench.approvals.tick();
  expect(await lost).toMatchObject({ state: 'denied' });
});

test('arguments are sealed in the database, and the last approved call is there to compare with', async () => {
  const bench = await openBench();
  const secret = { ...ask.subject, arguments: '{"account":"DE02120300000000202051"}' };
  const first = await bench.approvals.request({ ...ask, subject: secret });
  const { rows } = await bench.store.pool.query('SELECT approvals::text AS row FROM approvals');
  expect(rows[0].row).not.toContain(Buffer.from('DE021203').toString('hex'));
  expect(rows[0].row).not.toContain('DE021203');
  await approve(bench, first.id, 'alice');
  const second = await bench.approvals.request({ ...ask, digest: 'b'.repeat(64), callKey: 'other' });
  expect(await bench.approvals.subjectOf(second)).toEqual({
    subject: ask.subject,
    last: { id: first.id, subject: secret },
  });
});

test('policy that names a flow that is not there, and hours that are over, hold nothing open', async () => {
  const never = { timeZone: 'UTC', days: [], from: '08:00', until: '09:00', outside: 'deny' } as const;
  const bench = await openBench({ businessHours: never });
  await expect(bench.approvals.request({ ...ask, flows: ['nowhere'] })).rejects.toMatchObject({
    code: 'approval_unavailable',
  });
  await expect(bench.approvals.request(ask)).rejects.toMatchObject({ message: /business hours/ });
});
