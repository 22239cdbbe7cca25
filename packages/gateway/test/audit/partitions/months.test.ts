import { createHash } from 'node:crypto';
import { systemClock } from '@sallyport/shared/clock';
import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { beginOf, monthOf } from '../../../src/audit/partitions/months.ts';
import {
  auditOn,
  eventually,
  freshDatabase,
  intent,
  outcome,
  ownerClient,
  soundLog,
  storeOn,
} from '../fixture.ts';

/** How many rows of a table are in which partition. */
async function places(owner: Client, table = 'audit_entries'): Promise<Record<string, number>> {
  const { rows } = await owner.query<{ place: string; n: number }>(
    `SELECT replace(tableoid::regclass::text, $1, '') AS place, count(*)::int AS n FROM ${table} GROUP BY 1 ORDER BY 1`,
    [`${table}_`],
  );
  return Object.fromEntries(rows.map(({ place, n }) => [place, n]));
}

const clockAt = (text: string) => {
  const clock = { at: Date.parse(text), now: () => clock.at, monotonicMs: systemClock.monotonicMs };
  return clock;
};
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test('months are counted in UTC, from any year to any other', () => {
  for (const text of ['2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000Z', '0001-02-03T00:00:00Z']) {
    const ms = Date.parse(text);
    expect(new Date(beginOf(monthOf(ms))).toISOString()).toBe(
      `${new Date(ms).toISOString().slice(0, 7)}-01T00:00:00.000Z`,
    );
  }
  expect(monthOf(Date.parse('2027-01-01T00:00:00Z')) - monthOf(Date.parse('2026-12-31T23:59:59.999Z'))).toBe(
    1,
  );
});

test('over the turn of a year each entry, body and original is in its own month, and the next are made by then', async () => {
  const url = await freshDatabase();
  const clock = clockAt('2031-12-31T23:59:59.900Z');
  const audit = await auditOn(await storeOn(url), { clock });
  const owner = await ownerClient(url);
  const body = Buffer.from('{"said":"twice"}');
  const kept = () => ({ body, original: Buffer.from('exact') });
  const draft = (call: string) => ({
    ...intent(call),
    request: { digest: sha(body), bytes: body.length },
  });
  // One flush, on both sides of midnight.
  const last = audit.record(draft('cal_1'), kept());
  clock.at += 200;
  await Promise.all([last, audit.record(draft('cal_2'), kept()), audit.record(outcome('cal_1'))]);
  expect(await places(owner)).toEqual({ '2031_12': 2, '2032_01': 2 });
  expect(await places(owner, 'audit_bodies')).toEqual({ '2031_12': 1, '2032_01': 1 });
  expect(await places(owner, 'audit_originals')).toEqual({ '2031_12': 1, '2032_01': 1 });
  expect(await audit.body(sha(body))).toEqual(body);
  expect(await audit.keptBodies('', audit.size(), 10)).toHaveLength(1);
  const made = async (name: string) =>
    (await owner.query('SELECT FROM audit_partitions WHERE name = $1', [name])).rowCount === 1;
  await eventually(() => made('2032_03'));
  expect(await soundLog(url)).toHaveLength(4);
});

test('an entry without a month goes to the rest and is as good as any other; its month takes it in when it can be made', async () => {
  const url = await freshDatabase();
  const store = await storeOn(url);
  const owner = await ownerClient(url);
  const clock = clockAt('2041-06-15T00:00:00Z');
  await owner.query('REVOKE EXECUTE ON FUNCTION audit_make_months(timestamptz, integer) FROM sallyport_app');
  const audit = await auditOn(store, { clock });
  await audit.record(intent('cal_1'));
  // A clock that is set ten years ahead, and back: time does not fall in the log.
  clock.at = Date.parse('2051-02-28T23:59:59.999Z');
  await audit.record(outcome('cal_1'));
  clock.at = Date.parse('2041-06-15T00:00:01Z');
  await audit.record(intent('cal_2'));
  expect(await places(owner)).toEqual({ rest: 4 });
  const before = await owner.query('SELECT * FROM audit_entries ORDER BY seq');
  await audit.close();
  await owner.query('GRANT EXECUTE ON FUNCTION audit_make_months(timestamptz, integer) TO sallyport_app');
  const next = await auditOn(store, { clock });
  const after = await owner.query('SELECT * FROM audit_entries WHERE seq < 6 ORDER BY seq');
  expect(await places(owner)).toEqual({ '2041_06': 2, '2051_02': 5 });
  expect(after.rows.slice(0, 4)).toEqual(before.rows);
  expect(await next.search({ call: 'cal_1', limit: 5 })).toHaveLength(2);
  expect((await soundLog(url)).map(({ kind }) => kind)).toContain('call.indeterminate');
});

test('a search that holds its partitions does not stop calls: the months are made later', async () => {
  const url = await freshDatabase();
  const store = await storeOn(url);
  const owner = await ownerClient(url);
  await owner.query('BEGIN');
  await owner.query('SELECT count(*) FROM audit_entries');
  const audit = await auditOn(store, { clock: clockAt('2061-01-01T00:00:00Z') });
  await audit.record(intent('cal_1'));
  expect(await places(owner)).toEqual({ rest: 2 });
  await owner.query('COMMIT');
  await audit.close();
  await auditOn(store, { clock: clockAt('2061-01-01T00:00:01Z') });
  expect((await places(owner))['2061_01']).toBeGreaterThan(2);
});

test('nobody changes a partition: the serving role has no right to any, and triggers stop the owner in each', async () => {
  const url = await freshDatabase();
  const store = await storeOn(url);
  await auditOn(store, { clock: clockAt('2031-12-31T00:00:00Z') });
  const owner = await ownerClient(url);
  const { rows } = await owner.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE relkind = 'r'`,
  );
  const names = rows.map(({ name }) => name);
  // Three tables, of each the rest, the months of today and those of the clock.
  expect(names).toHaveLength(3 * 7);
  for (const name of names) {
    await expect(store.pool.query(`SELECT FROM ${name}`)).rejects.toThrow(/permission denied/);
    await expect(store.pool.query(`DELETE FROM ${name}`)).rejects.toThrow(/permission denied/);
    await expect(store.pool.query(`DROP TABLE ${name}`)).rejects.toThrow(/must be owner/);
    await expect(owner.query(`TRUNCATE ${name}`)).rejects.toThrow(/append-only/);
  }
  for (const name of names.filter((each) => each.startsWith('audit_entries'))) {
    await expect(owner.query(`UPDATE ${name} SET kind = 'x'`)).rejects.toThrow(/append-only/);
    await expect(owner.query(`DELETE FROM ${name}`)).rejects.toThrow(/append-only/);
  }
  for (const statement of ["SELECT audit_make_table('audit_entries_2099_01', 'audit_entries')"])
    await expect(store.pool.query(statement)).rejects.toThrow(/permission denied/);
  for (const statement of ['UPDATE audit_partitions SET made_at = now()', 'DELETE FROM audit_partitions']) {
    await expect(store.pool.query(statement)).rejects.toThrow(/permission denied/);
    await expect(owner.query(statement)).rejects.toThrow(/append-only/);
  }
});

test('a seq is given once in a month, and a subtree is completed once in a log', async () => {
  const url = await freshDatabase();
  const store = await storeOn(url);
  const audit = await auditOn(store);
  await Promise.all(Array.from({ length: 300 }, (_, n) => audit.record(intent(`cal_${n}`))));
  const again = `INSERT INTO audit_entries SELECT slot, seq, ts, kind, leaf, leaf_hash FROM audit_entries WHERE seq = 5`;
  await expect(store.pool.query(again)).rejects.toThrow(/duplicate key/);
  await expect(
    store.pool.query('INSERT INTO audit_subtrees SELECT * FROM audit_subtrees WHERE index = 0'),
  ).rejects.toThrow(/duplicate key/);
});
