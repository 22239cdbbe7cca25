import { timingSafeEqual } from 'node:crypto';
import { emptyRoot, HASH_BYTES, nodeHash } from './hash.ts';

/** Sizes come from strangers: beyond 2^53 they are given as bigint. */
type Count = number | bigint;

/** Whether a proof shows that `leaf` stands at `index` of the tree with this size and root (RFC 9162 §2.1.3.2). */
export function provesInclusion(given: {
  readonly index: Count;
  readonly size: Count;
  readonly leaf: Uint8Array;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): boolean {
  const { index, size, ...rest } = given;
  return provesInclusionInSubtree({ index, start: 0, end: size, ...rest });
}

/**
 * Whether a proof shows that `leaf` stands at `index` of the log, within the subtree of leaves `start` to `end` - 1
 * that has this root (draft-ietf-plants-merkle-tree-certs §4.3.2).
 */
export function provesInclusionInSubtree(given: {
  readonly index: Count;
  readonly start: Count;
  readonly end: Count;
  readonly leaf: Uint8Array;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): boolean {
  const [index, start, end] = [BigInt(given.index), BigInt(given.start), BigInt(given.end)];
  if (!isSubtree(start, end) || index < start || index >= end) return false;
  if (!areHashes([given.leaf, given.root, ...given.proof])) return false;
  let first = index - start;
  let last = end - start - 1n;
  let hash: Uint8Array = given.leaf;
  for (const beside of given.proof) {
    if (last === 0n) return false;
    if (isOdd(first) || first === last) {
      hash = nodeHash(beside, hash);
      while (!isOdd(first)) [first, last] = [first >> 1n, last >> 1n];
    } else {
      hash = nodeHash(hash, beside);
    }
    [first, last] = [first >> 1n, last >> 1n];
  }
  return last === 0n && same(hash, given.root);
}

/**
 * Whether a proof shows that the tree of `size2` begins with the tree of `size1` leaves (RFC 9162 §2.1.4.2).
 * From an empty tree nothing is proven: false.
 */
export function provesConsistency(given: {
  readonly size1: Count;
  readonly root1: Uint8Array;
  readonly size2: Count;
  readonly root2: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): boolean {
  const { size1, root1, size2, root2, proof } = given;
  if (BigInt(size1) === 0n) return false;
  return provesSubtree({ start: 0, end: size1, subtree: root1, size: size2, root: root2, proof });
}

/**
 * Whether a proof shows that the leaves `start` to `end` - 1, whose root is `subtree`, are part of the tree with this
 * size and root (draft-ietf-plants-merkle-tree-certs §4.4.3).
 */
export function provesSubtree(given: {
  readonly start: Count;
  readonly end: Count;
  readonly subtree: Uint8Array;
  readonly size: Count;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): boolean {
  const [start, end, size] = [BigInt(given.start), BigInt(given.end), BigInt(given.size)];
  if (end > size) return false;
  // No leaves are part of every tree; there is nothing to prove but that there are none.
  if (start === end) return given.proof.length === 0 && same(given.subtree, emptyRoot());
  if (!isSubtree(start, end)) return false;
  if (start === 0n && end === size && given.proof.length === 0) return same(given.subtree, given.root);
  if (!areHashes([given.subtree, given.root, ...given.proof])) return false;
  let [first, last, total] = [start, end - 1n, size - 1n];
  const up = (): void => {
    [first, last, total] = [first >> 1n, last >> 1n, total >> 1n];
  };
  // The levels at which the subtree is a node of the tree by itself need no hash.
  while (first !== last && (last === total || isOdd(last))) up();
  const [beginning, ...others] = given.proof;
  const whole = first === last;
  const seed = whole ? given.subtree : beginning;
  if (seed === undefined) return false;
  let subtree = seed;
  let root = seed;
  for (const beside of whole ? given.proof : others) {
    if (total === 0n) return false;
    if (isOdd(last) || last === total) {
      if (first < last) subtree = nodeHash(beside, subtree);
      root = nodeHash(beside, root);
      while (!isOdd(last)) up();
    } else {
      root = nodeHash(root, beside);
    }
    up();
  }
  return total === 0n && same(subtree, given.subtree) && same(root, given.root);
}

/** Whether leaves `start` to `end` - 1 are a subtree: the smallest power of two that holds them divides `start`. */
function isSubtree(start: bigint, end: bigint): boolean {
  if (start < 0n || end <= start) return false;
  let width = 1n;
  while (width < end - start) width <<= 1n;
  return start % width === 0n;
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === HASH_BYTES);
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
