import type { Store } from '../../store/index.ts';
import { PAGE_MAX_BYTES, PAGE_MAX_LEAVES } from '../limits.ts';
import type { StoredEntry, StoredLeaf } from '../types.ts';

/** Which entries of a log there are: from the first that is left up to but without `size`. */
export interface Extent {
  readonly first: number;
  readonly size: number;
}

export const COLUMNS = ['seq', 'kind', 'leaf', 'leaf_hash'] as const;

/** An entry as it is read. */
export interface Row {
  readonly seq: string;
  readonly kind: string;
  readonly leaf: string;
  readonly leaf_hash: Buffer;
}

export async function getEntry(store: Store, slot: number, seq: number): Promise<StoredEntry | undefined> {
  const row = await store.db
    .selectFrom('audit_entries')
    .select(COLUMNS)
    .where('slot', '=', slot)
    .where('seq', '=', String(seq))
    .executeTakeFirst();
  return row === undefined ? undefined : stored(row);
}

/** A page of leaves in order, for an export. */
export async function readLeaves(
  store: Store,
  slot: number,
  from: number,
  until: number,
): Promise<StoredLeaf[]> {
  const rows = await store.db
    .selectFrom('audit_entries')
    .select(['leaf', 'leaf_hash'])
    .where('slot', '=', slot)
    .where('seq', '>=', String(from))
    .where('seq', '<', String(until))
    .orderBy('seq')
    .limit(PAGE_MAX_LEAVES)
    .execute();
  let bytes = 0;
  const page = rows.filter((row, index) => {
    bytes += row.leaf.length;
    return index === 0 || bytes <= PAGE_MAX_BYTES;
  });
  return page.map((row) => ({ leaf: row.leaf, leafHash: row.leaf_hash.toString('hex') }));
}

/**
 * The seq of the first entry at an instant or later: `size` when there is none. seq is dense and ts never falls, so
 * halving finds it in some twenty reads of the primary key, and ts needs no index that every write would pay for.
 *
 * @throws RangeError when the text is no instant.
 */
export async function firstAt(
  store: Store,
  slot: number,
  { first, size }: Extent,
  instant: string,
): Promise<number> {
  const wanted = Date.parse(instant);
  if (Number.isNaN(wanted)) throw new RangeError('a time must be given as RFC 3339, 2026-01-31T12:00:00Z');
  let low = first;
  let high = size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await store.db
      .selectFrom('audit_entries')
      .select('ts')
      .where('slot', '=', slot)
      .where('seq', '=', String(middle))
      .executeTakeFirst();
    if (row !== undefined && row.ts.getTime() < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `id`, `ts` and `origin` have no columns of their own: they are read from the leaf, which is what is proven. */
export function stored(row: Row): StoredEntry {
  // The leaf is our own canonical JSON and always has these members.
  const leaf = JSON.parse(row.leaf) as { id: string; ts: string; origin: string };
  return {
    seq: Number(row.seq),
    id: leaf.id,
    ts: leaf.ts,
    origin: leaf.origin,
    kind: row.kind,
    leaf: row.leaf,
    leafHash: row.leaf_hash.toString('hex'),
  };
}
