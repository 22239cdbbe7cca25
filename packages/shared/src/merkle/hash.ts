import { hash } from 'node:crypto';

/** Bytes of every hash in the tree (SHA-256). */
export const HASH_BYTES = 32;

const NODE_PREFIX = 0x01;
// Hashing is synchronous, so one buffer serves all nodes: an allocation for each would cost as much as the hash.
const pair = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX);

/** SHA-256(0x00 ‖ leaf): the hash of an entry (RFC 6962 §2.1). */
export function leafHash(leaf: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([Buffer.of(0x00), leaf]), 'buffer');
}

/** SHA-256(0x01 ‖ left ‖ right): the hash of two subtrees (RFC 6962 §2.1). Both have 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return hash('sha256', pair, 'buffer');
}

/** The root of a tree without leaves: SHA-256 of nothing (RFC 6962 §2.1). A new copy each time. */
export function emptyRoot(): Buffer {
  return hash('sha256', '', 'buffer');
}
