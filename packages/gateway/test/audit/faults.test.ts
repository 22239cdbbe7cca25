import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Audit, Recorded } from '../../src/audit/index.ts';
import { openStore } from '../../src/store/index.ts';
import { quietLogger as logger, testPostgres } from '../store/postgres.ts';
import {
  afterTest,
  auditOn,
  eventually,
  freshDatabase,
  intent,
  outcome,
  ownerClient,
  soundLog,
  storeOn,
} from './fixture.ts';
import { type Cut, startProxy } from './proxy.ts';

/** A clean second opening of the log, as a restart of the gateway would make it. */
async function restart(url: string): Promise<Audit> {
  return auditOn(await storeOn(url));
}

/** Calls as the corridor makes them: outcome after a confirmed intent; a refused intent ends the call. */
class Calls {
  readonly acknowledged: Recorded[] = [];
  readonly intents = new Set<string>();
  refused = 0;
  readonly #audit: Audit;

  constructor(audit: Audit) {
    this.#audit = audit;
  }

  async one(call: string): Promise<void> {
    try {
      this.acknowledged.push(await this.#audit.record(intent(call)));
      this.intents.add(call);
      this.acknowledged.push(await this.#audit.record(outcome(call)));
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^(unavailable|already_settled)$/) });
      this.refused += 1;
    }
  }

  /** Everything acknowledged stands in the log at its seq; every intent in it has its one ending. */
  async check(url: string): Promise<void> {
    const log = await soundLog(url);
    for (const { seq, id } of this.acknowledged) expect(log[seq]?.leaf.id).toBe(id);
    const ended = new Set(
      log.filter(({ kind }) => /outcome|indeterminate/.test(kind)).map(({ call }) => call),
    );
    for (const { kind, call } of log) if (kind === 'call.intent') expect(ended.has(call)).toBe(true);
    for (const call of this.intents) expect(ended.has(call)).toBe(true);
  }
}

for (const cut of ['before_write', 'after_commit'] satisfies Cut[]) {
  test(`the connection is cut ${cut}: callers are refused, and the log goes on dense with nothing lost`, async () => {
    const url = await freshDatabase();
    const proxy = await startProxy(url);
    const store = await storeOn(proxy.url);
    const audit = await auditOn(store);
    afterTest(proxy.close);
    await audit.record(intent('cal_before'));
    proxy.arm(cut);
    await expect(audit.record(intent('cal_cut'))).rejects.toMatchObject({ code: 'unavailable' });
    expect(audit.healthy()).toBe(false);
    await eventually(() => audit.healthy());
    await audit.record(outcome('cal_before'));
    const log = await soundLog(url);
    const persisted = cut === 'after_commit';
    expect(log.map(({ kind, call }) => `${kind} ${call ?? ''}`.trim())).toEqual([
      'log.start',
      'call.intent cal_before',
      ...(persisted ? ['call.intent cal_cut', 'call.indeterminate cal_cut'] : []),
      'log.resumed',
      'call.outcome cal_before',
    ]);
    const resumed = log.find(({ kind }) => kind === 'log.resumed')?.leaf;
    if (persisted) {
      expect(log[3]?.leaf).toMatchObject({ outcome: { transport: 'not_sent' }, fields: { intentSeq: 2 } });
      expect(resumed).toMatchObject({ fields: { unconfirmedFirst: 2, unconfirmedLast: 2 } });
    } else expect(JSON.stringify(resumed)).not.toContain('unconfirmed');
  });

  test(`an outcome is cut ${cut}: the call has exactly one ending, and a late outcome is refused`, async () => {
    const url = await freshDatabase();
    const proxy = await startProxy(url);
    const audit = await auditOn(await storeOn(proxy.url));
    afterTest(proxy.close);
    await audit.record(intent('cal_1'));
    proxy.arm(cut);
    await expect(audit.record(outcome('cal_1'))).rejects.toMatchObject({ code: 'unavailable' });
    await eventually(() => audit.healthy());
    const ending = (await soundLog(url)).filter(
      ({ call, kind }) => call === 'cal_1' && kind !== 'call.intent',
    );
    expect(ending.map(({ kind }) => kind)).toEqual([
      cut === 'after_commit' ? 'call.outcome' : 'call.indeterminate',
    ]);
    if (cut === 'before_write') {
      await expect(audit.record(outcome('cal_1'))).rejects.toMatchObject({ code: 'already_settled' });
    }
  });
}

test('a storm of cuts under load: dense, nothing acknowledged is missing, one ending each', async () => {
  const url = await freshDatabase();
  const proxy = await startProxy(url);
  const store = await storeOn(proxy.url);
  const audit = await auditOn(store);
  afterTest(proxy.close);
  const calls = new Calls(audit);
  let running = true;
  const workers = Array.from({ length: 16 }, async (_, worker) => {
    for (let index = 0; running; index += 1) {
      await calls.one(`cal_${worker}_${index}`);
      if (!audit.healthy()) await sleep(5);
    }
  });
  for (let round = 0; round < 12; round += 1) {
    proxy.arm(round % 2 === 0 ? 'before_write' : 'after_commit');
    await eventually(() => proxy.fired());
    await eventually(() => audit.healthy());
    const reached = calls.acknowledged.length;
    await eventually(() => calls.acknowledged.length > reached);
  }
  running = false;
  await Promise.all(workers);
  expect(calls.refused).toBeGreaterThan(0);
  await calls.check(url);
});

test('Postgres is killed in mid-flush and comes back: the log recovers by itself', async () => {
  const postgres = await testPostgres();
  const url = await freshDatabase();
  const audit = await auditOn(await storeOn(url));
  const calls = new Calls(audit);
  let running = true;
  const workers = Array.from({ length: 8 }, async (_, worker) => {
    for (let index = 0; running; index += 1) {
      await calls.one(`cal_${worker}_${index}`);
      if (!audit.healthy()) await sleep(20);
    }
  });
  await eventually(() => calls.acknowledged.length > 50);
  const pid = postgres.pid();
  if (pid === undefined) throw new Error('Postgres does not run');
  process.kill(pid, 'SIGKILL');
  await eventually(() => !audit.healthy());
  await eventually(() => audit.healthy());
  const reached = calls.acknowledged.length;
  await eventually(() => calls.acknowledged.length > reached);
  running = false;
  await Promise.all(workers);
  expect(calls.refused).toBeGreaterThan(0);
  await calls.check(url);
});

test('a crash between intent and outcome: the next start records indeterminate, once', async () => {
  const url = await freshDatabase();
  const proxy = await startProxy(url);
  const doomed = await openStore({ databaseUrl: proxy.url, logger });
  afterTest(() => doomed.close());
  afterTest(proxy.close);
  const audit = await auditOn(doomed);
  await audit.record(intent('cal_done'));
  await audit.record(outcome('cal_done'));
  await audit.record(intent('cal_open'));
  // The gateway is gone: its connections end, and it will not come back.
  proxy.refuse(true);
  for (let start = 0; start < 2; start += 1) await (await restart(url)).close();
  const log = await soundLog(url);
  expect(log.map(({ kind, call }) => `${kind} ${call ?? ''}`.trim())).toEqual([
    'log.start',
    'call.intent cal_done',
    'call.outcome cal_done',
    'call.intent cal_open',
    'call.indeterminate cal_open',
    'log.start',
    'log.stop',
    'log.start',
    'log.stop',
  ]);
  expect(log[4]?.leaf).toMatchObject({
    server: 'everything',
    tool: 'echo',
    actor: { name: 'robot' },
    outcome: { transport: 'unknown' },
    fields: { reason: 'restart', intentSeq: 3 },
  });
});

test('a database that takes no writes: refused and not healthy until it does again', async () => {
  const url = await freshDatabase();
  const audit = await auditOn(await storeOn(url));
  const owner = await ownerClient(url);
  const database = new URL(url).pathname.slice(1);
  await owner.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
  await owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%audit log%' AND datname = $1`,
    [database],
  );
  await eventually(() => !audit.healthy());
  await sleep(500);
  expect(audit.healthy()).toBe(false);
  await expect(audit.record(intent('cal_1'))).rejects.toMatchObject({ code: 'unavailable' });
  await owner.query('SET default_transaction_read_only = off');
  await owner.query(`ALTER DATABASE ${database} RESET default_transaction_read_only`);
  await eventually(() => audit.healthy());
  await audit.record(intent('cal_2'));
  expect((await soundLog(url)).map(({ kind }) => kind)).toEqual(['log.start', 'log.resumed', 'call.intent']);
});

test('another owner of the slot: the first is not healthy, refuses, and does not write', async () => {
  const url = await freshDatabase();
  const audit = await auditOn(await storeOn(url));
  const owner = await ownerClient(url);
  const database = new URL(url).pathname.slice(1);
  const seize = `SELECT pg_terminate_backend(l.pid), pg_sleep(0.02), pg_try_advisory_lock(l.classid::int, l.objid::int) AS seized
    FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND d.datname = $1 AND l.pid <> pg_backend_pid()`;
  await eventually(async () => (await owner.query(seize, [database])).rows[0]?.seized === true);
  await eventually(() => !audit.healthy());
  await sleep(500);
  await expect(audit.record(intent('cal_1'))).rejects.toMatchObject({ code: 'unavailable' });
  expect(audit.healthy()).toBe(false);
  await owner.query('SELECT pg_advisory_unlock_all()');
  await eventually(() => audit.healthy());
  expect((await soundLog(url)).map(({ kind }) => kind)).toEqual(['log.start', 'log.resumed']);
});

test('more than may wait is refused at once, and what was taken is written', async () => {
  const url = await freshDatabase();
  const audit = await auditOn(await storeOn(url));
  const results = await Promise.allSettled(
    Array.from({ length: 10_050 }, (_, index) => audit.record({ kind: 'a.b', fields: { index } })),
  );
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(50);
  expect(await soundLog(url)).toHaveLength(10_001);
  expect(audit.healthy()).toBe(true);
});
