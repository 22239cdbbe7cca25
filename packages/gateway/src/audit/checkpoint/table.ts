import type { Store } from '../../store/index.ts';
import { PAGE_MAX_CHECKPOINTS } from '../limits.ts';
import type { StoredCheckpoint } from '../types.ts';
import type { SignedCheckpoint } from './signed.ts';

interface Row {
  readonly number: string;
  readonly size: string;
  readonly ts: Date;
  readonly note: string;
}

const COLUMNS = 'number, size, ts, note';

/** Keeps a checkpoint behind the slot's others; resolves when it is durable. */
export async function keepCheckpoint(
  store: Store,
  slot: number,
  signed: SignedCheckpoint,
): Promise<StoredCheckpoint> {
  const { rows } = await store.pool.query<Row>(
    `INSERT INTO audit_checkpoints (slot, number, size, ts, note)
     SELECT $1, coalesce(max(number) + 1, 0), $2, $3, $4 FROM audit_checkpoints WHERE slot = $1
     RETURNING ${COLUMNS}`,
    [slot, signed.size, new Date(signed.timeSeconds * 1_000), signed.note],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the checkpoint was not kept');
  return stored(row);
}

export async function newestCheckpoint(store: Store, slot: number): Promise<StoredCheckpoint | undefined> {
  const { rows } = await store.pool.query<Row>(
    `SELECT ${COLUMNS} FROM audit_checkpoints WHERE slot = $1 ORDER BY number DESC LIMIT 1`,
    [slot],
  );
  return rows[0] === undefined ? undefined : stored(rows[0]);
}

/** From a number on, in the order of their making. */
export async function readCheckpoints(
  store: Store,
  slot: number,
  from: number,
  limit: number,
): Promise<StoredCheckpoint[]> {
  const { rows } = await store.pool.query<Row>(
    `SELECT ${COLUMNS} FROM audit_checkpoints WHERE slot = $1 AND number >= $2 ORDER BY number LIMIT $3`,
    [slot, from, Math.min(limit, PAGE_MAX_CHECKPOINTS)],
  );
  return rows.map(stored);
}

function stored({ number, size, ts, note }: Row): StoredCheckpoint {
  return { number: Number(number), size: Number(size), ts: ts.toISOString(), note };
}
