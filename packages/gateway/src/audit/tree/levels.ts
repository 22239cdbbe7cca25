/**
 * How the tree is kept: of every eighth level all complete nodes, in rows (C2SP tlog-tiles: tiles are 8 levels high).
 * Level 0 are the entries' own leaf hashes.
 */
export const TILE_LEVELS = 8;
export const TILE_WIDTH = 2 ** TILE_LEVELS;

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
  const { rows } =
    level === 0
      ? await query<{ hash: Buffer }>(
          'SELECT leaf_hash AS hash FROM audit_entries WHERE slot = $1 AND seq >= $2 AND seq < $3 ORDER BY seq',
          [slot, from, until],
        )
      : await query<{ hash: Buffer }>(
          'SELECT hash FROM audit_subtrees WHERE slot = $1 AND level = $4 AND index >= $2 AND index < $3 ORDER BY index',
          [slot, from, until, level],
        );
  if (rows.length !== until - from) {
    throw new Error(`the tree of log ${slot} lacks ${until - from - rows.length} hashes of level ${level}`);
  }
  return rows.map(({ hash }) => hash);
}
