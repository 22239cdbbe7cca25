import type { Store } from '../../store/index.ts';
import type { AnchorKind, AnchorRecord } from './types.ts';

interface Row {
  readonly number: string;
  readonly anchor: string;
  readonly kind: AnchorKind;
  readonly at: Date;
  readonly size: string;
  readonly location: string;
  readonly proof: Buffer | null;
}

/** Where it is kept what was anchored. */
export class AnchorTable {
  readonly #store: Store;
  readonly #slot: number;

  constructor(store: Store, slot: number) {
    this.#store = store;
    this.#slot = slot;
  }

  /** Durable when it resolves. */
  async keep({ number, anchor, kind, at, size, location, proof }: AnchorRecord): Promise<void> {
    await this.#store.pool.query(
      `INSERT INTO audit_anchors (slot, number, anchor, kind, at, size, location, proof)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (slot, number, anchor) DO NOTHING`,
      [this.#slot, number, anchor, kind, at, size, location, proof ?? null],
    );
  }

  /** The newest of each anchor. */
  async newest(): Promise<AnchorRecord[]> {
    const { rows } = await this.#store.pool.query<Row>(
      'SELECT DISTINCT ON (anchor) * FROM audit_anchors WHERE slot = $1 ORDER BY anchor, number DESC',
      [this.#slot],
    );
    return rows.map(recordOf);
  }

  /** Those of checkpoints up to a number, in order, behind a position; at most `limit`. */
  async page(
    after: { readonly number: number; readonly anchor: string },
    until: number,
    limit: number,
  ): Promise<AnchorRecord[]> {
    const { rows } = await this.#store.pool.query<Row>(
      `SELECT * FROM audit_anchors
        WHERE slot = $1 AND (number, anchor) > ($2::bigint, $3) AND number <= $4 ORDER BY number, anchor LIMIT $5`,
      [this.#slot, after.number, after.anchor, until, limit],
    );
    return rows.map(recordOf);
  }
}

function recordOf({ number, anchor, kind, at, size, location, proof }: Row): AnchorRecord {
  return {
    number: Number(number),
    anchor,
    kind,
    at: at.toISOString(),
    size: Number(size),
    location,
    ...(proof === null ? {} : { proof }),
  };
}
