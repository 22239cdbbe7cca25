import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { COMMIT_ASK_EVERY_MS, COMMIT_ASK_MAX_MS } from './limits.ts';

/** The commit was sent and no answer can be had: it may be in force. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown';
}

interface InTransaction {
  query(text: string): Promise<{ rows: unknown[] }>;
}

/**
 * **The commit point** of a transaction that has changed something. An answer that got lost is asked for again on
 * another connection, so that what is in force is not told to have failed.
 *
 * @param letGo ends the client's connection before another is asked for: where Postgres goes away, many commits are lost
 *   at once, and the pool must not be full of them.
 * @throws CommitUnknown where it cannot be found out, and what Postgres threw where the transaction was aborted
 */
export async function commitSurely(pool: Pool, client: InTransaction, letGo: () => void): Promise<void> {
  const { rows } = await client.query('SELECT pg_current_xact_id()::text AS xid');
  const [row] = rows as { xid: string }[]; // cast: what the statement selects
  try {
    await client.query('COMMIT');
  } catch (cause) {
    letGo();
    const status = await askStatus(pool, row?.xid);
    if (status === 'committed') return;
    if (status === 'aborted') throw cause;
    throw new CommitUnknown('no answer to the commit', { cause });
  }
}

/** Undefined where nobody could be asked, or the transaction is still being committed. */
async function askStatus(pool: Pool, xid: string | undefined): Promise<string | undefined> {
  const began = performance.now();
  do {
    const status = await pool
      .query<{ status: string | null }>('SELECT pg_xact_status($1::xid8) AS status', [xid])
      .then(({ rows }) => rows[0]?.status ?? undefined)
      .catch(() => undefined);
    if (status === 'committed' || status === 'aborted') return status;
    await sleep(COMMIT_ASK_EVERY_MS);
  } while (performance.now() - began < COMMIT_ASK_MAX_MS);
  return undefined;
}
