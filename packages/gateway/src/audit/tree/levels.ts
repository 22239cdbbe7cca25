/**
 * How the tree is kept: of every eighth level all complete nodes, in rows (C2SP tlog-tiles: tiles are 8 levels high).
 * Level 0 are the entries' own leaf hashes.
 */
export const TILE_LEVELS = 8;
export const TILE_WIDTH = 2 ** TILE_LEVELS;
const HASH_BYTES = 32;

/** Runs a statement, on the log's own connection or the pool. */
export type Query = <Row extends object>(text: string, values: unknown[]) => Promise<{ rows: Row[] }>;

/**
 * The kept hashes of a level from `from` to `until` - 1.
 *
 * @throws Error when one is missing: the tree was cut or is not what its size says.
 */
export async function readLevel(
  query: Query,
  slot: number,
  level: number,
  { from, until }: { readonly from: number; readonly until: number },
): Promise<Buffer[]> {
  if (from >= until) return [];
  const hashes =
    level === 0
      ? await readLeafHashes(query, slot, from, until)
      : await readNodes(query, slot, level, from, until);
  if (hashes.length !== until - from) {
    throw new Error(`the tree of log ${slot} lacks ${until - from - hashes.length} hashes of level ${level}`);
  }
  return hashes;
}

async function readNodes(
  query: Query,
  slot: number,
  level: number,
  from: number,
  until: number,
): Promise<Buffer[]> {
  const { rows } = await query<{ hash: Buffer }>(
    'SELECT hash FROM audit_subtrees WHERE slot = $1 AND level = $4 AND index >= $2 AND index < $3 ORDER BY index',
    [slot, from, until, level],
  );
  return rows.map(({ hash }) => hash);
}

/** Those of entries that are there, and before them those that stayed of entries that are gone. */
async function readLeafHashes(query: Query, slot: number, from: number, until: number): Promise<Buffer[]> {
  const { rows } = await query<{ hash: Buffer }>(
    'SELECT leaf_hash AS hash FROM audit_entries WHERE slot = $1 AND seq >= $2 AND seq < $3 ORDER BY seq',
    [slot, from, until],
  );
  const there = rows.map(({ hash }) => hash);
  if (there.length === until - from) return there;
  const gone = await query<{ first: string; hashes: Buffer }>(
    'SELECT first, hashes FROM audit_leaf_hashes WHERE slot = $1 AND first > $2 AND first < $3 ORDER BY first',
    [slot, from - TILE_WIDTH, until],
  );
  const stayed = gone.rows.flatMap(({ first, hashes }) =>
    Array.from({ length: hashes.length / HASH_BYTES }, (_, index) => ({
      seq: Number(first) + index,
      hash: hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
    })),
  );
  return [...stayed.filter(({ seq }) => seq >= from && seq < until).map(({ hash }) => hash), ...there];
}
