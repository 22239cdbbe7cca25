import type { Store } from '../../store/index.ts';
import { PAGE_MAX_COSIGNATURES } from '../limits.ts';
import type { Cosignature, WitnessConflict, WitnessKey, WitnessKind } from './types.ts';

/** Where cosignatures, witnesses' keys and evidence are kept. */
export class WitnessTable {
  readonly #store: Store;
  readonly #slot: number;

  constructor(store: Store, slot: number) {
    this.#store = store;
    this.#slot = slot;
  }

  /** False when the key is known already. */
  async keepKey(key: string, witness: string, kind: WitnessKind, at: Date): Promise<boolean> {
    const { rowCount } = await this.#store.pool.query(
      `INSERT INTO audit_witness_keys (key, witness, kind, seen_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (key) DO NOTHING`,
      [key, witness, kind, at],
    );
    return rowCount === 1;
  }

  /** In the order in which they became known. */
  async keys(): Promise<WitnessKey[]> {
    const { rows } = await this.#store.pool.query<{
      key: string;
      witness: string;
      kind: WitnessKind;
      seen_at: Date;
    }>('SELECT key, witness, kind, seen_at FROM audit_witness_keys ORDER BY seen_at, key');
    return rows.map(({ seen_at, ...rest }) => ({ ...rest, seenAt: seen_at.toISOString() }));
  }

  /** Durable when it resolves. */
  async keepCosignature({ number, key, ts, line }: Cosignature): Promise<void> {
    await this.#store.pool.query(
      `INSERT INTO audit_cosignatures (slot, number, key, ts, line) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (slot, number, key) DO NOTHING`,
      [this.#slot, number, key, ts, line],
    );
  }

  /** Of checkpoints `from` to `until`, both inclusive, in order: a page of them, all of each checkpoint in it. */
  async cosignatures(from: number, until: number): Promise<Cosignature[]> {
    const { rows } = await this.#store.pool.query<CosignatureRow>(
      `SELECT number, key, ts, line FROM audit_cosignatures
       WHERE slot = $1 AND number >= $2 AND number <= $3 ORDER BY number
       FETCH FIRST $4 ROWS WITH TIES`,
      [this.#slot, from, until, PAGE_MAX_COSIGNATURES],
    );
    return rows.map(cosignature);
  }

  /** The newest checkpoint that each key has countersigned, with its size. */
  async newest(): Promise<(Cosignature & { readonly size: number; readonly signedAt: string })[]> {
    const { rows } = await this.#store.pool.query<CosignatureRow & { size: string; signed_at: Date }>(
      `SELECT c.number, c.key, c.ts, c.line, p.size, p.ts AS signed_at
       FROM audit_witness_keys k
       CROSS JOIN LATERAL (SELECT * FROM audit_cosignatures
         WHERE slot = $1 AND key = k.key ORDER BY number DESC LIMIT 1) c
       JOIN audit_checkpoints p ON p.slot = $1 AND p.number = c.number`,
      [this.#slot],
    );
    return rows.map((row) => ({
      ...cosignature(row),
      size: Number(row.size),
      signedAt: row.signed_at.toISOString(),
    }));
  }

  /** Durable when it resolves. */
  async keepConflict(conflict: WitnessConflict): Promise<void> {
    const { at, witness, key, status, heldSize, shown, held, answer } = conflict;
    await this.#store.pool.query(
      `INSERT INTO audit_witness_conflicts
         (slot, number, at, witness, key, status, held_size, shown, held, answer)
       SELECT $1, coalesce(max(number) + 1, 0), $2, $3, $4, $5, $6, $7, $8, $9
       FROM audit_witness_conflicts WHERE slot = $1`,
      [this.#slot, at, witness, key, status, heldSize ?? null, shown, held ?? null, answer],
    );
  }

  /** All of them, oldest first: there should be none. */
  async conflicts(limit: number): Promise<WitnessConflict[]> {
    const { rows } = await this.#store.pool.query<ConflictRow>(
      `SELECT at, witness, key, status, held_size, shown, held, answer FROM audit_witness_conflicts
       WHERE slot = $1 ORDER BY number LIMIT $2`,
      [this.#slot, limit],
    );
    return rows.map(({ at, held_size, held, ...rest }) => ({
      ...rest,
      at: at.toISOString(),
      ...(held_size === null ? {} : { heldSize: Number(held_size) }),
      ...(held === null ? {} : { held }),
    }));
  }
}

interface CosignatureRow {
  readonly number: string;
  readonly key: string;
  readonly ts: Date;
  readonly line: string;
}

interface ConflictRow {
  readonly at: Date;
  readonly witness: string;
  readonly key: string;
  readonly status: number;
  readonly held_size: string | null;
  readonly shown: string;
  readonly held: string | null;
  readonly answer: string;
}

function cosignature({ number, key, ts, line }: CosignatureRow): Cosignature {
  return { number: Number(number), key, ts: ts.toISOString(), line };
}
