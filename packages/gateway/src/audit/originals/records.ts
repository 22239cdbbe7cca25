import type { Store } from '../../store/index.ts';
import { AuditError } from '../errors.ts';
import { SHRED_MAX_ENTRIES } from '../limits.ts';
import type { Log } from '../log.ts';
import { getEntry } from '../search/read.ts';
import type { Summaries } from '../search/summaries.ts';
import type { Audit, Hold, RecordScope } from '../types.ts';
import { openRecord } from './envelope.ts';
import type { PeriodKeys } from './period-keys.ts';

type Records = Pick<
  Audit,
  'body' | 'unmask' | 'holds' | 'placeHold' | 'releaseHold' | 'shreddable' | 'shred'
>;

/** Reading, holding and shredding of what is kept beside the entries of one slot. */
export function recordsOf(
  store: Store,
  slot: number,
  log: Pick<Log, 'record' | 'forgetBodies'>,
  periodKeys: PeriodKeys | undefined,
  summaries: Pick<Summaries, 'forget'>,
): Records {
  const { pool } = store;
  return {
    body: async (digest) => {
      const { rows } = await pool.query<{ body: Buffer }>(
        'SELECT body FROM audit_bodies WHERE digest = $1 LIMIT 1',
        [Buffer.from(digest, 'hex')],
      );
      return rows[0]?.body;
    },
    unmask: async (seq, by, reason, source) => {
      const entry = await getEntry(store, slot, seq);
      const { rows } = await pool.query<OriginalRow>(
        'SELECT period, wrapped_key, sealed FROM audit_originals WHERE slot = $1 AND seq = $2',
        [slot, seq],
      );
      const [row] = rows;
      if (entry === undefined || row === undefined) {
        throw new AuditError('not_found', `Entry ${seq} has no sealed original.`);
      }
      const { wrapped_key: wrappedKey, sealed, period } = row;
      await log.record({
        kind: 'unmask',
        actor: by,
        ...(source === undefined ? {} : { source }),
        control: ['PCI 10.2.1.1', 'PCI 10.2.1.3'],
        fields: {
          entry: entry.id,
          entrySeq: seq,
          reason: reason.toWellFormed(),
          shredded: wrappedKey === null,
        },
      });
      if (wrappedKey === null || sealed === null) {
        throw new AuditError(
          'shredded',
          `The original of entry ${seq} has been shredded: nobody can open it.`,
        );
      }
      if (periodKeys === undefined)
        throw new AuditError('unavailable', 'This log has no key to open originals with.');
      // The leaf is our own canonical JSON.
      const leaf = JSON.parse(entry.leaf) as { request?: { commit?: string } };
      const commit = leaf.request?.commit ?? '';
      return openRecord({ wrappedKey, sealed, commit }, await periodKeys.read(period), entry.id);
    },
    holds: async () => {
      const { rows } = await pool.query<HoldRow>('SELECT * FROM audit_holds ORDER BY placed_at DESC, id');
      return rows.map(holdOf);
    },
    placeHold: ({ id, scope, reason }, by) =>
      alone(store, async (db) => {
        await log.record({
          kind: 'hold.placed',
          actor: { kind: 'gateway', name: 'sallyport' },
          fields: { hold: id, by, reason: reason.toWellFormed(), ...scopeFields(scope) },
        });
        await db.query(
          'INSERT INTO audit_holds (id, reason, scope, placed_at, placed_by) VALUES ($1, $2, $3, now(), $4) ON CONFLICT DO NOTHING',
          [id, reason, JSON.stringify(scope), by],
        );
      }),
    releaseHold: async (id, by) => {
      await log.record({
        kind: 'hold.released',
        actor: { kind: 'gateway', name: 'sallyport' },
        fields: { hold: id, by },
      });
      await pool.query(
        'UPDATE audit_holds SET released_at = now(), released_by = $2 WHERE id = $1 AND released_at IS NULL',
        [id, by],
      );
    },
    shreddable: async (scope) => {
      const values = scopeValues(slot, scope);
      const { rows } = await pool.query<{ records: number }>(
        `SELECT count(*)::int AS records FROM audit_originals o JOIN audit_entries e USING (slot, seq)
         WHERE ${IN_SCOPE} AND o.wrapped_key IS NOT NULL`,
        values,
      );
      return { records: rows[0]?.records ?? 0, heldBy: await heldBy(pool, slot, scope) };
    },
    shred: (scope, proposal) =>
      alone(store, async (db) => {
        const held = await heldBy(db, slot, scope);
        if (held.length > 0)
          throw new AuditError('held', `Nothing was shredded: the legal hold ${held.join(', ')} covers it.`);
        const actor = { kind: 'gateway', name: 'sallyport' } as const;
        // Recorded before a row is touched: a flush must never wait for a row that waits for the flush.
        await log.record({ kind: 'shred', actor, fields: { proposal, ...scopeFields(scope) } });
        log.forgetBodies();
        const values = scopeValues(slot, scope);
        const bodies = await db.query(DELETE_BODIES, values);
        const originals = await db.query(
          `UPDATE audit_originals o SET wrapped_key = NULL, sealed = NULL FROM audit_entries e
           WHERE o.slot = e.slot AND o.seq = e.seq AND ${IN_SCOPE} AND o.wrapped_key IS NOT NULL`,
          values,
        );
        return { records: originals.rowCount ?? 0, bodies: bodies.rowCount ?? 0 };
      }).finally(async () => {
        log.forgetBodies();
        // Words of what was shredded must not stay findable.
        await summaries.forget(scope.from, scope.until);
      }),
  };
}

/** What is wrong with a scope, in words; undefined where it can be used. */
export function scopeProblem(scope: RecordScope, size: number): string | undefined {
  const { from, until } = scope;
  if (
    !Number.isSafeInteger(from) ||
    !Number.isSafeInteger(until) ||
    from < 0 ||
    until <= from ||
    until > size
  ) {
    return `A scope goes from a seq up to but without another, within the ${size} entries of the log.`;
  }
  if (until - from > SHRED_MAX_ENTRIES) return `A scope reaches over at most ${SHRED_MAX_ENTRIES} entries.`;
  return undefined;
}

const IN_SCOPE = `e.slot = $1 AND e.seq >= $2 AND e.seq < $3 AND ($4::text IS NULL OR e.principal = $4)
  AND ($5::text IS NULL OR e.server = $5) AND ($6::text IS NULL OR e.session = $6)`;

/** Bodies are kept once for all who said the same: one that an entry outside of the scope names stays. */
const DELETE_BODIES = `
  WITH named AS (
    SELECT d, bool_and(${IN_SCOPE}) AS only_here
    FROM audit_entries e, LATERAL (VALUES (e.leaf::json #>> '{request,digest}'), (e.leaf::json #>> '{response,digest}')) AS v (d)
    WHERE d IS NOT NULL GROUP BY d)
  DELETE FROM audit_bodies WHERE digest IN (SELECT decode(d, 'hex') FROM named WHERE only_here)`;

/** What can run a statement: the pool, or a connection within a transaction. */
type Queryable = Pick<Store['pool'], 'query'>;

// Any constant that no other lock of the database has.
const RECORDS_LOCK = 0x5a_12;

/** Holds and shreds take turns, on all replicas: what is about to be held is not shredded meanwhile. */
async function alone<T>(store: Store, work: (db: Queryable) => Promise<T>): Promise<T> {
  const client = await store.pool.connect();
  let broken = false;
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [RECORDS_LOCK]);
    // A log of a million entries is read whole to find who else names a body.
    await client.query('SET LOCAL statement_timeout = 0');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

function scopeValues(slot: number, { from, until, principal, server, session }: RecordScope): unknown[] {
  return [slot, from, until, principal ?? null, server ?? null, session ?? null];
}

/** Holds in force that cover an entry with an original or a body in the scope. */
async function heldBy(db: Queryable, slot: number, scope: RecordScope): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `SELECT h.id FROM audit_holds h
     WHERE h.released_at IS NULL AND EXISTS (
       SELECT FROM audit_entries e WHERE ${IN_SCOPE}
         AND e.seq >= (h.scope ->> 'from')::bigint AND e.seq < (h.scope ->> 'until')::bigint
         AND coalesce(e.principal = h.scope ->> 'principal', h.scope ->> 'principal' IS NULL)
         AND coalesce(e.server = h.scope ->> 'server', h.scope ->> 'server' IS NULL)
         AND coalesce(e.session = h.scope ->> 'session', h.scope ->> 'session' IS NULL))
     ORDER BY h.id`,
    scopeValues(slot, scope),
  );
  return rows.map(({ id }) => id);
}

interface OriginalRow {
  readonly period: string;
  readonly wrapped_key: Buffer | null;
  readonly sealed: Buffer | null;
}

interface HoldRow {
  readonly id: string;
  readonly scope: RecordScope;
  readonly reason: string;
  readonly placed_at: Date;
  readonly placed_by: string;
  readonly released_at: Date | null;
  readonly released_by: string | null;
}

function holdOf(row: HoldRow): Hold {
  return {
    id: row.id,
    scope: row.scope,
    reason: row.reason,
    placedAt: row.placed_at.toISOString(),
    placedBy: row.placed_by,
    ...(row.released_at === null ? {} : { releasedAt: row.released_at.toISOString() }),
    ...(row.released_by === null ? {} : { releasedBy: row.released_by }),
  };
}

function scopeFields({ from, until, principal, server, session }: RecordScope) {
  return { from, until, principal, server, session };
}
