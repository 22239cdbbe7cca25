import { type NodeReader, peakLevels } from '@sallyport/shared/merkle';
import type { Store } from '../store/index.ts';
import { readCheckpoints } from './checkpoint/table.ts';
import { type Extent, firstAt } from './search/read.ts';
import { nodeReader } from './tree/nodes.ts';
import type { Audit, StoredCheckpoint } from './types.ts';

/** What an export of a part of the log needs to know of where it begins and ends. */
export function rangesOf(
  store: Store,
  slot: number,
  { extent, newest }: { extent: () => Extent; newest: () => StoredCheckpoint | undefined },
): Pick<Audit, 'seqAt' | 'treeBefore' | 'checkpointUpTo' | 'checkpointFrom'> {
  const at = async (number: number): Promise<StoredCheckpoint | undefined> =>
    (await readCheckpoints(store, slot, number, 1))[0];
  /** The first checkpoint of at least a size: sizes never fall, so halving over the numbers finds it. */
  const first = async (size: number): Promise<StoredCheckpoint | undefined> => {
    const last = newest();
    if (last === undefined || last.size < size) return undefined;
    let low = 0;
    let high = last.number;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const checkpoint = await at(middle);
      if (checkpoint !== undefined && checkpoint.size < size) low = middle + 1;
      else high = middle;
    }
    return await at(low);
  };
  return {
    seqAt: (instant) => firstAt(store, slot, extent(), instant),
    treeBefore: (size) =>
      peaksOf(
        size,
        nodeReader((text, values) => store.pool.query(text, values), slot, extent().size),
      ),
    checkpointFrom: first,
    checkpointUpTo: async (size) => {
      const later = await first(size + 1);
      if (later === undefined) return newest();
      return later.number === 0 ? undefined : await at(later.number - 1);
    },
  };
}

/** Roots of the complete subtrees that make up the first `size` entries, largest first. */
async function peaksOf(size: number, read: NodeReader): Promise<Buffer[]> {
  const reads: Promise<Buffer>[] = [];
  let from = 0;
  for (const level of peakLevels(size)) {
    reads.push(read(level, from / 2 ** level));
    from += 2 ** level;
  }
  return await Promise.all(reads);
}
