import type { Store } from '../store/index.ts';
import type { Followed } from './chain.ts';
import type { KnownChain } from './types.ts';

type Pool = Store['pool'];

interface ChainRow {
  readonly agent: string;
  readonly chain: string;
  readonly size: string;
  readonly head: string;
  readonly recorded: string;
  readonly settled_seq: string;
  readonly at: Date;
  readonly problem: string | null;
}

/** Chains that are known, of one agent or of all. */
export async function readChains(pool: Pool, agent?: string): Promise<KnownChain[]> {
  const { rows } = await pool.query<ChainRow>(
    'SELECT * FROM agent_receipt_chains WHERE $1::text IS NULL OR agent = $1 ORDER BY agent',
    [agent ?? null],
  );
  return rows.map((row) => ({
    agent: row.agent,
    chain: row.chain,
    size: Number(row.size),
    head: row.head,
    recorded: Number(row.recorded),
    settledSeq: Number(row.settled_seq),
    at: row.at.toISOString(),
    ...(row.problem === null ? {} : { problem: row.problem }),
  }));
}

export async function writeChain(pool: Pool, known: KnownChain): Promise<void> {
  await pool.query(
    `INSERT INTO agent_receipt_chains (agent, chain, size, head, recorded, settled_seq, at, problem)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (agent) DO UPDATE SET chain = excluded.chain, size = excluded.size, head = excluded.head,
       recorded = excluded.recorded, settled_seq = excluded.settled_seq, at = excluded.at, problem = excluded.problem`,
    [
      known.agent,
      known.chain,
      known.size,
      known.head,
      known.recorded,
      known.settledSeq,
      known.at,
      known.problem ?? null,
    ],
  );
}

/** Receipts and how far the chain then goes, together or not at all. */
export async function addReceipts(pool: Pool, known: KnownChain, followed: Followed): Promise<KnownChain> {
  const longer = { ...known, size: followed.size, head: followed.head };
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO agent_receipts (agent, chain, n, call, line)
       SELECT $1, $2, n, call, line FROM unnest($3::bigint[], $4::text[], $5::text[]) AS new (n, call, line)
       ON CONFLICT DO NOTHING`,
      [
        known.agent,
        known.chain,
        followed.receipts.map(({ receipt }) => receipt.n),
        followed.receipts.map(({ receipt }) => receipt.call),
        followed.receipts.map(({ line }) => line),
      ],
    );
    await client.query('UPDATE agent_receipt_chains SET size = $2, head = $3, at = $4 WHERE agent = $1', [
      known.agent,
      longer.size,
      longer.head,
      longer.at,
    ]);
    await client.query('COMMIT');
    return longer;
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw cause;
  } finally {
    client.release();
  }
}

/** Of the receipts [from, until) of a chain those of calls that the log has no intent of. */
export async function withoutIntent(
  pool: Pool,
  { agent, chain }: Pick<KnownChain, 'agent' | 'chain'>,
  from: number,
  until: number,
): Promise<{ n: number; line: string }[]> {
  const { rows } = await pool.query<{ n: string; line: string }>(
    `SELECT r.n, r.line FROM agent_receipts r
      WHERE r.agent = $1 AND r.chain = $2 AND r.n >= $3 AND r.n < $4
        AND NOT EXISTS (SELECT FROM audit_entries e WHERE e.call = r.call AND e.kind = 'call.intent')
      ORDER BY r.n`,
    [agent, chain, from, until],
  );
  return rows.map(({ n, line }) => ({ n: Number(n), line }));
}

/** An ending of a call of which it is not known whether it ran. */
export interface UnknownEnding {
  readonly seq: number;
  readonly call: string;
  readonly leaf: string;
  readonly receipt: boolean;
}

/** Calls of an agent that ended as unknown in entries [from, until), before an instant, and whether it has a receipt. */
export async function unknownEndings(
  pool: Pool,
  agent: string,
  { slot, from, until, before }: { slot: number; from: number; until: number; before: string },
): Promise<UnknownEnding[]> {
  const { rows } = await pool.query<{ seq: string; call: string; leaf: string; receipt: boolean }>(
    `SELECT e.seq, e.call, e.leaf,
            EXISTS (SELECT FROM agent_receipts r WHERE r.call = e.call AND r.agent = $1) AS receipt
       FROM audit_entries e
      WHERE e.slot = $2 AND e.seq >= $3 AND e.seq < $4 AND e.ts < $5
        AND e.kind IN ('call.outcome', 'call.indeterminate') AND e.call IS NOT NULL
        AND e.leaf LIKE '%"transport":"unknown"%' AND e.leaf LIKE '%"agent":"' || $1 || '"%'
      ORDER BY e.seq`,
    [agent, slot, from, until, before],
  );
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
}

/** How far entries go that are older than an instant. */
export async function seqBefore(
  pool: Pool,
  slot: number,
  from: number,
  until: number,
  before: string,
): Promise<number> {
  const { rows } = await pool.query<{ seq: string | null }>(
    `SELECT min(seq) AS seq FROM audit_entries WHERE slot = $1 AND seq >= $2 AND seq < $3 AND ts >= $4`,
    [slot, from, until, before],
  );
  return Number(rows[0]?.seq ?? until);
}

/**
 * Which receipts of each chain belong to the entries `from` to `until` - 1: those between the first and the last of calls
 * with an intent there, and one before, which the first is joined to. Of other chains the last one, so that it can be
 * seen that none is missing.
 */
export async function receiptSpans(
  pool: Pool,
  { slot, from, until }: { readonly slot: number; readonly from: number; readonly until: number },
): Promise<ReceiptSpan[]> {
  const { rows } = await pool.query<{ agent: string; chain: string; first: string; last: string }>(
    `WITH inside AS (
       SELECT r.agent, r.chain, min(r.n) - 1 AS first, max(r.n) AS last
         FROM audit_entries e JOIN agent_receipts r ON r.call = e.call
        WHERE e.slot = $1 AND e.seq >= $2 AND e.seq < $3 AND e.kind = 'call.intent'
        GROUP BY r.agent, r.chain)
     SELECT * FROM inside
     UNION ALL
     SELECT DISTINCT ON (agent, chain) agent, chain, n, n FROM agent_receipts r
      WHERE NOT EXISTS (SELECT FROM inside i WHERE i.agent = r.agent AND i.chain = r.chain)
      ORDER BY 1, 2, 3 DESC`,
    [slot, from, until],
  );
  return rows.map(({ agent, chain, first, last }) => ({
    agent,
    chain,
    first: Number(first),
    last: Number(last),
  }));
}

/** Receipts `first` to `last` of a chain. */
export interface ReceiptSpan {
  readonly agent: string;
  readonly chain: string;
  readonly first: number;
  readonly last: number;
}

/** A page of receipts in order of agent, chain and number, for an export: of all, or of the spans that are given. */
export async function pageOfReceipts(
  pool: Pool,
  after: { readonly agent: string; readonly chain: string; readonly n: number } | undefined,
  limit: number,
  spans?: readonly ReceiptSpan[],
): Promise<{ agent: string; chain: string; n: number; line: string }[]> {
  const { rows } = await pool.query<{ agent: string; chain: string; n: string; line: string }>(
    `SELECT agent, chain, n, line FROM agent_receipts r
      WHERE (agent, chain, n) > ($1, $2, $3::bigint)
        AND ($5::jsonb IS NULL OR EXISTS (
          SELECT FROM jsonb_to_recordset($5) AS s (agent text, chain text, first bigint, last bigint)
           WHERE s.agent = r.agent AND s.chain = r.chain AND r.n BETWEEN s.first AND s.last))
      ORDER BY agent, chain, n LIMIT $4`,
    [
      after?.agent ?? '',
      after?.chain ?? '',
      after?.n ?? -1,
      limit,
      spans === undefined ? null : JSON.stringify(spans),
    ],
  );
  return rows.map((row) => ({ ...row, n: Number(row.n) }));
}
