import { Frontier, type NodeReader } from '@sallyport/shared/merkle';
import { type Query, readLevel, TILE_LEVELS, TILE_WIDTH } from './levels.ts';

/**
 * Reads nodes of a slot's tree for one proof. Nodes of a proof lie close together, so each tile is read once.
 *
 * @param size entries in the tree; nodes beyond it are not asked for.
 */
export function nodeReader(query: Query, slot: number, size: number): NodeReader {
  const tiles = new Map<string, Promise<Buffer[]>>();
  const tile = (level: number, index: number): Promise<Buffer[]> => {
    const from = index * TILE_WIDTH;
    const until = Math.min(from + TILE_WIDTH, Math.floor(size / 2 ** level));
    const key = `${level}/${index}`;
    const read = tiles.get(key) ?? readLevel(query, slot, level, { from, until });
    tiles.set(key, read);
    return read;
  };
  return async (level, index) => {
    const base = Math.floor(level / TILE_LEVELS) * TILE_LEVELS;
    const width = 2 ** (level - base);
    const from = index * width;
    const hashes = await tile(base, Math.floor(from / TILE_WIDTH));
    const subtree = new Frontier();
    for (const hash of hashes.slice(from % TILE_WIDTH, (from % TILE_WIDTH) + width)) subtree.append(hash);
    if (subtree.size !== width) throw new Error(`the tree has no complete node ${index} of level ${level}`);
    return subtree.root();
  };
}
