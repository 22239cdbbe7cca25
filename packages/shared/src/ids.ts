import { randomFillSync } from 'node:crypto';

// Crockford's base 32: no I, L, O, U, so that an id can be read aloud.
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const pool = new Uint8Array(4096);
let used = pool.length;

/** Prefixes of the ids people and scripts see. One prefix per concept of DESIGN.md §2. */
export type IdPrefix =
  | 'ses'
  | 'cal'
  | 'ent'
  | 'tok'
  | 'agt'
  | 'apr'
  | 'grt'
  | 'chn'
  | 'req'
  | 'bot'
  | 'prp'
  | 'rch';

/**
 * A random id, `<prefix>_` and 20 characters of base 32 (100 bits).
 * Random, not sequential: an id must not tell how many there are or be guessed from another.
 */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomText(20)}`;
}

/** `length` random characters of base 32 (5 bits each). */
export function randomText(length: number): string {
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let text = '';
  for (let i = 0; i < length; i += 1) {
    text += ALPHABET.charAt((pool[used + i] ?? 0) & 31);
    pool[used + i] = 0;
  }
  used += length;
  return text;
}

const SERVER_NAME = /^[a-z0-9-]{1,40}$/;

/** Whether a text may name a server or an agent (DESIGN.md §2). */
export function isServerName(text: string): boolean {
  return SERVER_NAME.test(text);
}
