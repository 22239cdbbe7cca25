import { expect, test } from 'vitest';
import { engineer, openBench, terms } from './fixture.ts';

const admin = { kind: 'service-account', name: 'admin' } as const;
const approved = { effect: 'approve', by: 'approver', reason: 'as discussed', flows: ['access'] } as const;

test('a grant permits what it names, for as long as it says, and both ends are recorded', async () => {
  const bench = await openBench();
  const grant = await bench.grants.request(terms, engineer);
  expect(grant).toMatchObject({ state: 'active', ticket: 'CHG-1', decidedBy: 'policy' });
  expect(bench.call()).toBe(grant.id);
  expect(bench.call({ tool: 'close_account' })).toBeUndefined();
  expect(bench.call({ arguments: { amount_minor: 500_001 } })).toBeUndefined();
  expect(bench.call({ arguments: {} })).toBeUndefined();
  bench.later(3_600_000);
  expect(bench.call()).toBeUndefined();
  await bench.grants.tick();
  expect(await bench.grants.get(grant.id)).toMatchObject({ state: 'expired' });
  expect(bench.entries.map(({ kind }) => kind)).toEqual(['grant.requested', 'grant.issued', 'grant.expired']);
  expect(bench.changes.map(({ effect }) => effect)).toEqual(['began', 'ended']);
});

test('a held request is in force only after its own approval, and policy is asked again then', async () => {
  const bench = await openBench();
  bench.effect = 'hold';
  const asked = await bench.grants.request(terms, engineer);
  expect(asked).toMatchObject({ state: 'requested', approval: 'apr_1' });
  expect(bench.call()).toBeUndefined();
  await bench.grants.decided(asked.id, { ...approved, approval: 'apr_other' });
  expect(bench.call()).toBeUndefined();
  await bench.grants.decided(asked.id, { ...approved, approval: 'apr_1' });
  expect(bench.call()).toBe(asked.id);

  const second = await bench.grants.request(terms, engineer);
  bench.effect = 'deny';
  await bench.grants.decided(second.id, { ...approved, approval: 'apr_2' });
  expect(await bench.grants.get(second.id)).toMatchObject({ state: 'refused', endReason: 'policy' });
});

test('what policy denies, what is too long, and what is not visible is refused with the reason', async () => {
  const bench = await openBench();
  const ask = (more: object) => bench.grants.request({ ...terms, ...more }, engineer);
  await expect(ask({ durationSeconds: 7201 })).rejects.toMatchObject({
    code: 'invalid',
    message: /1 to 120 minutes/,
  });
  await expect(ask({ server: 'nowhere' })).rejects.toMatchObject({ code: 'invalid', message: /nowhere/ });
  await expect(ask({ reason: 'short' })).rejects.toMatchObject({ code: 'invalid', message: /reason/ });
  await expect(ask({ reason: 'hidden \u202e text here' })).rejects.toMatchObject({ code: 'invalid' });
  await expect(ask({ tools: ['pаy'] })).rejects.toMatchObject({ code: 'invalid', message: /tools/ });
  await expect(ask({ argumentLimits: [{ argument: 'x' }] })).rejects.toMatchObject({
    message: /limits nothing/,
  });
  await expect(ask({ argumentLimits: [{ argument: 'x', max: '1e999' }] })).rejects.toMatchObject({
    code: 'invalid',
  });
  await expect(ask({ reason: 'card 4111111111111111 was booked twice' })).rejects.toMatchObject({
    message: /hold a PAN/,
  });
  bench.effect = 'deny';
  await expect(ask({})).rejects.toMatchObject({ code: 'denied', message: /action "request"/ });
  expect(bench.entries).toEqual([]);
});

test('narrowing only takes away, asks for a new approval, and is not for the requester', async () => {
  const bench = await openBench();
  bench.effect = 'hold';
  const asked = await bench.grants.request(terms, engineer);
  await expect(bench.grants.narrow(asked.id, { durationSeconds: 600 }, engineer)).rejects.toMatchObject({
    code: 'invalid',
  });
  await expect(bench.grants.narrow(asked.id, { durationSeconds: 7200 }, admin)).rejects.toMatchObject({
    message: /wider/,
  });
  await expect(
    bench.grants.narrow(asked.id, { argumentLimits: [{ argument: 'amount_minor', max: '500001' }] }, admin),
  ).rejects.toMatchObject({ message: /wider/ });
  const narrow = await bench.grants.narrow(
    asked.id,
    { durationSeconds: 600, argumentLimits: [{ argument: 'amount_minor', max: '99.5' }] },
    admin,
  );
  expect(narrow).toMatchObject({ durationSeconds: 600, approval: 'apr_2' });
  expect(narrow.termsDigest).not.toBe(asked.termsDigest);
  expect(bench.withdrawn).toEqual(['apr_1']);
  await bench.grants.decided(asked.id, { ...approved, approval: 'apr_1' });
  expect(bench.call({ arguments: { amount_minor: 99 } })).toBeUndefined();
  await bench.grants.decided(asked.id, { ...approved, approval: 'apr_2' });
  expect(bench.call({ arguments: { amount_minor: 99 } })).toBe(asked.id);
  expect(bench.call({ arguments: { amount_minor: 100 } })).toBeUndefined();
});

test('a grant that is revoked names the sessions that work under it; a second revocation is told of the first', async () => {
  const bench = await openBench();
  const grant = await bench.grants.request(terms, engineer);
  const { release } = await bench.grants.use(grant.id, 'ses_1');
  await bench.grants.revoke(grant.id, 'no longer needed', admin);
  expect(bench.changes.at(-1)).toMatchObject({ effect: 'ended', sessions: ['ses_1'] });
  release();
  await expect(bench.grants.use(grant.id, 'ses_1')).rejects.toMatchObject({ code: 'ended' });
  await expect(bench.grants.revoke(grant.id, 'again', admin)).rejects.toMatchObject({
    code: 'conflict',
    message: /revoked/,
  });
});

test('uses are counted durably: as many as were granted, however many come at once, also over a restart', async () => {
  const bench = await openBench();
  const grant = await bench.grants.request({ ...terms, usesMax: 3 }, engineer);
  const first = await bench.grants.use(grant.id, 'ses_1');
  first.release();
  const other = await bench.restart();
  const uses = await Promise.allSettled(
    Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? bench.grants : other).use(grant.id, 'ses_1')),
  );
  expect(uses.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  await bench.grants.reload();
  expect(bench.call()).toBeUndefined();
  await expect.poll(async () => (await bench.grants.get(grant.id))?.state).toBe('used_up');
  await expect((await bench.restart()).use(grant.id, 'ses_1')).rejects.toMatchObject({ code: 'ended' });
});

test('a grant bound to a session permits only there and ends with it', async () => {
  const bench = await openBench();
  const grant = await bench.grants.request({ ...terms, session: 'ses_1' }, engineer);
  expect(bench.call({ session: 'ses_2' })).toBeUndefined();
  expect(bench.call()).toBe(grant.id);
  bench.grants.sessionEnded('ses_1');
  expect(bench.call()).toBeUndefined();
  await expect.poll(async () => (await bench.grants.get(grant.id))?.state).toBe('revoked');
});

test('no record, no grant; and what could not be settled is settled later', async () => {
  const bench = await openBench();
  bench.logDown = true;
  await expect(bench.grants.request(terms, engineer)).rejects.toMatchObject({ code: 'unavailable' });
  expect(bench.call()).toBeUndefined();
  expect(await bench.grants.list({ limit: 10 })).toEqual([]);
  bench.logDown = false;
  const grant = await bench.grants.request(terms, engineer);
  bench.logDown = true;
  await expect(bench.grants.revoke(grant.id, 'gone', admin)).rejects.toMatchObject({ code: 'unavailable' });
  expect(await bench.grants.get(grant.id)).toMatchObject({ state: 'active' });
  bench.later(3_700_000);
  await bench.grants.tick();
  // Over by time, whether or not that could be recorded.
  expect(bench.call()).toBeUndefined();
  bench.logDown = false;
  await bench.grants.tick();
  expect(await bench.grants.get(grant.id)).toMatchObject({ state: 'expired' });
});

test('a request that nobody decides on within a day is withdrawn, and its approval with it', async () => {
  const bench = await openBench();
  bench.effect = 'hold';
  const asked = await bench.grants.request(terms, engineer);
  bench.later(24 * 3_600_000 + 1);
  await bench.grants.tick();
  expect(await bench.grants.get(asked.id)).toMatchObject({ state: 'withdrawn' });
  expect(bench.withdrawn).toEqual(['apr_1']);
  await bench.grants.decided(asked.id, { ...approved, approval: 'apr_1' });
  expect(bench.call()).toBeUndefined();
});

test('a waiting request that is revoked takes its approval back, once, also where the process ended in between', async () => {
  let reachable = false;
  const bench = await openBench({
    withdrawApproval: async (id, reason) => {
      if (!reachable) throw new Error('the database is away');
      bench.withdrawn.push(`${id}: ${reason}`);
    },
  });
  bench.effect = 'hold';
  const asked = await bench.grants.request(terms, engineer);
  expect(await bench.grants.revoke(asked.id, 'not needed', admin)).toMatchObject({ state: 'withdrawn' });
  expect(bench.withdrawn).toEqual([]);
  reachable = true;
  const restarted = await bench.restart();
  await restarted.tick();
  await restarted.tick();
  expect(bench.withdrawn).toEqual(['apr_1: the request for access has ended or changed: not needed']);
});

test('a request that is revoked while its approval is being asked for leaves no approval behind', async () => {
  const bench = await openBench({
    askApproval: async ({ grant }) => {
      await bench.grants.revoke(grant.id, 'changed my mind', engineer);
      return 'apr_late';
    },
  });
  bench.effect = 'hold';
  expect(await bench.grants.request(terms, engineer)).toMatchObject({ state: 'withdrawn' });
  expect(bench.withdrawn).toEqual(['apr_late']);
});

test('a reading that began before a grant was revoked does not bring it back', async () => {
  const bench = await openBench();
  const grant = await bench.grants.request(terms, engineer);
  const { pool } = bench.store;
  const query = pool.query.bind(pool) as (...given: unknown[]) => Promise<unknown>;
  let revoked: Promise<unknown> | undefined;
  // The reading has its rows, and the revocation is through before they are looked at.
  pool.query = (async (...given: unknown[]) => {
    const rows = await query(...given);
    if (String(given[0]).includes("state = 'active' ORDER BY id")) {
      revoked ??= bench.grants.revoke(grant.id, 'left the team', admin);
      await revoked;
    }
    return rows;
  }) as typeof pool.query;
  await bench.grants.reload();
  pool.query = query as typeof pool.query;
  expect(await bench.grants.get(grant.id)).toMatchObject({ state: 'revoked' });
  expect(bench.call()).toBeUndefined();
});

test('an end that could not be settled is settled as what it was', async () => {
  const bench = await openBench();
  const grant = await bench.grants.request({ ...terms, session: 'ses_1' }, engineer);
  bench.logDown = true;
  bench.grants.sessionEnded('ses_1');
  await bench.grants.tick();
  expect(bench.call()).toBeUndefined();
  bench.logDown = false;
  await expect
    .poll(async () => {
      await bench.grants.tick();
      return bench.grants.get(grant.id);
    })
    .toMatchObject({ state: 'revoked', endReason: /session/ });
});
