import { peakLevels } from './frontier.ts';
import { nodeHash } from './hash.ts';

/** Gives the root of a complete subtree: 2^level leaves from index · 2^level on. */
export type NodeReader = (level: number, index: number) => Promise<Buffer>;

/** Leaves `from` to `until` - 1. */
interface Range {
  readonly from: number;
  readonly until: number;
}

/**
 * The proof that a leaf is in a tree (RFC 6962 §2.1.1): the hashes beside its way to the root, lowest first.
 *
 * @throws RangeError when the tree has no such leaf.
 */
export async function inclusionProof(index: number, size: number, read: NodeReader): Promise<Buffer[]> {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size)
    throw new RangeError(`a tree of ${size} has no leaf ${index}`);
  return await Promise.all(
    inclusionRanges(index, { from: 0, until: size }).map((range) => rootOf(range, read)),
  );
}

/**
 * The proof that a tree of `size` begins with the tree of `earlier` leaves (RFC 6962 §2.1.2).
 *
 * @throws RangeError when `earlier` is 0 or beyond `size`: nothing can be proven from it.
 */
export async function consistencyProof(earlier: number, size: number, read: NodeReader): Promise<Buffer[]> {
  if (!Number.isSafeInteger(earlier) || earlier < 1 || earlier > size)
    throw new RangeError(`a tree of ${size} cannot be compared with one of ${earlier}`);
  if (earlier === size) return [];
  const ranges = consistencyRanges(earlier, { from: 0, until: size }, true);
  return await Promise.all(ranges.map((range) => rootOf(range, read)));
}

function inclusionRanges(index: number, { from, until }: Range): Range[] {
  if (until - from === 1) return [];
  const middle = from + splitOf(until - from);
  const left = { from, until: middle };
  const right = { from: middle, until };
  return index < middle ? [...inclusionRanges(index, left), right] : [...inclusionRanges(index, right), left];
}

/** SUBPROOF of RFC 6962 §2.1.2; `known`: the range is a whole tree whose root the reader has. */
function consistencyRanges(earlier: number, { from, until }: Range, known: boolean): Range[] {
  if (earlier === until) return known ? [] : [{ from, until }];
  const middle = from + splitOf(until - from);
  const left = { from, until: middle };
  const right = { from: middle, until };
  if (earlier <= middle) return [...consistencyRanges(earlier, left, known), right];
  return [...consistencyRanges(earlier, right, false), left];
}

/** The largest power of two below `count` (RFC 6962 §2.1's k). */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

/** The root over a range whose start is a multiple of every subtree in it, as the ranges above are. */
async function rootOf({ from, until }: Range, read: NodeReader): Promise<Buffer> {
  const reads: Promise<Buffer>[] = [];
  let at = from;
  for (const level of peakLevels(until - from)) {
    reads.push(read(level, at / 2 ** level));
    at += 2 ** level;
  }
  const peaks = await Promise.all(reads);
  return peaks.reduceRight((root, peak) => nodeHash(peak, root));
}
