import { Frontier } from '@sallyport/shared/merkle';
import { byteaArray, int8Array } from '../binary-arrays.ts';
import { type Query, readLevel, TILE_LEVELS, TILE_WIDTH } from './levels.ts';

/** Subtrees made up for at a time: their leaf hashes are 130 KiB. */
const FILL_SUBTREES = 16;

/**
 * The tree's right edge for a log of `size` entries, from at most 255 kept hashes of each eighth level.
 *
 * A log that is older than its tree (before migration 0006) has its missing subtrees computed and kept first.
 *
 * @throws Error when hashes are missing, and what the query throws.
 */
export async function loadFrontier(query: Query, slot: number, size: number): Promise<Frontier> {
  await fillMissing(query, slot, size);
  const peaks: Buffer[] = [];
  for (let level = topLevel(size); level >= 0; level -= TILE_LEVELS) {
    const until = Math.floor(size / 2 ** level);
    const from = Math.floor(until / TILE_WIDTH) * TILE_WIDTH;
    // The subtrees of one eighth level that the level above does not cover make up the peaks of eight levels.
    const part = new Frontier();
    for (const hash of await readLevel(query, slot, level, { from, until })) part.append(hash);
    peaks.push(...part.peaks());
  }
  return new Frontier(size, peaks);
}

async function fillMissing(query: Query, slot: number, size: number): Promise<void> {
  for (let level = TILE_LEVELS; level <= topLevel(size); level += TILE_LEVELS) {
    const { rows } = await query<{ kept: string }>(
      'SELECT coalesce(max(index) + 1, 0) AS kept FROM audit_subtrees WHERE slot = $1 AND level = $2',
      [slot, level],
    );
    const wanted = Math.floor(size / 2 ** level);
    for (let from = Number(rows[0]?.kept ?? 0); from < wanted; from += FILL_SUBTREES) {
      await fill(query, slot, level, { from, until: Math.min(wanted, from + FILL_SUBTREES) });
    }
  }
}

async function fill(
  query: Query,
  slot: number,
  level: number,
  { from, until }: { readonly from: number; readonly until: number },
): Promise<void> {
  const below = { from: from * TILE_WIDTH, until: until * TILE_WIDTH };
  const hashes = await readLevel(query, slot, level - TILE_LEVELS, below);
  const indexes = Array.from({ length: until - from }, (_, offset) => from + offset);
  const roots = indexes.map((_, offset) => {
    const subtree = new Frontier();
    for (const hash of hashes.slice(offset * TILE_WIDTH, (offset + 1) * TILE_WIDTH)) subtree.append(hash);
    return subtree.root();
  });
  await query(
    'INSERT INTO audit_subtrees (slot, level, index, hash) SELECT $1, $2, * FROM unnest($3::int8[], $4::bytea[])',
    [slot, level, int8Array(indexes), byteaArray(roots)],
  );
}

/** The highest eighth level of which a tree has a complete node; 0 for a small tree. */
function topLevel(size: number): number {
  let level = 0;
  while (2 ** (level + TILE_LEVELS) <= size) level += TILE_LEVELS;
  return level;
}
