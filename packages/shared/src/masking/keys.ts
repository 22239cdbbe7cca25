import { QUOTE, STRING_FLAG } from './bytes.ts';
import { KEY_CACHE_MAX_BYTES, KEY_CACHE_SLOTS } from './limits.ts';
import { plainNameOf } from './rules/names.ts';
import { meaningOfName } from './words.ts';

/**
 * What object keys mean. Records repeat their keys thousands of times, so the answer for a key's bytes is remembered:
 * its meaning, the customer's rule for it, and whether it could itself hold a value and must be scanned.
 */
export class KeyCache {
  readonly #names: ReadonlyMap<string, number>;
  readonly #hashes = new Int32Array(KEY_CACHE_SLOTS);
  readonly #sizes = new Uint8Array(KEY_CACHE_SLOTS);
  readonly #bits = new Int32Array(KEY_CACHE_SLOTS);
  readonly #rules = new Int32Array(KEY_CACHE_SLOTS);
  readonly #roles = new Uint8Array(KEY_CACHE_SLOTS);
  readonly #plain = new Uint8Array(KEY_CACHE_SLOTS);
  readonly #texts = new Uint8Array(KEY_CACHE_SLOTS * KEY_CACHE_MAX_BYTES);
  /** By slot: the slot of the key that came after it. */
  readonly #next = new Uint16Array(KEY_CACHE_SLOTS);
  #last = 0;
  /** Answers for the last key looked up. */
  bits = 0;
  /** Reporter of the customer's key rule; -1 where there is none. */
  rule = -1;
  /** What the key is in a result set: COLUMN_NAMES, ROWS, or 0. */
  role = 0;
  /** True where the key holds nothing that a detector looks at. */
  plain = false;

  constructor(names: ReadonlyMap<string, number>) {
    this.#names = names;
  }

  /**
   * Tries the key that followed the last one when it was seen before: records repeat their keys in order.
   * @returns where the key ends (its closing quote), or -1 where another key stands at `from`.
   */
  expect(b: Uint8Array, from: number): number {
    const slot = this.#next[this.#last] ?? 0;
    const size = this.#sizes[slot] ?? 0;
    if (size === 0 || b[from + size] !== QUOTE || !this.#same(slot, b, from, size)) return -1;
    this.#take(slot);
    return from + size;
  }

  #take(slot: number): void {
    this.#last = slot;
    this.bits = this.#bits[slot] ?? 0;
    this.rule = this.#rules[slot] ?? -1;
    this.role = this.#roles[slot] ?? 0;
    this.plain = this.#plain[slot] === 1;
  }

  /** Looks up key bytes [from, to), without escapes. */
  look(b: Uint8Array, from: number, to: number): void {
    const size = to - from;
    // The ends and the middle tell keys apart well enough for a slot; the bytes themselves are compared below.
    const ends =
      ((b[from] ?? 0) << 8) ^
      ((b[to - 1] ?? 0) << 16) ^
      ((b[(from + to) >> 1] ?? 0) << 3) ^
      (b[from + 1] ?? 0);
    const hash = Math.imul(ends + size, 0x9e3779b1) | 1;
    const slot = (hash >>> 20) & (KEY_CACHE_SLOTS - 1);
    if (
      this.#hashes[slot] === hash &&
      this.#sizes[slot] === size &&
      size > 0 &&
      this.#same(slot, b, from, size)
    ) {
      this.#next[this.#last] = slot;
      this.#take(slot);
      return;
    }
    this.classify(b, from, to);
    if (size === 0 || size > KEY_CACHE_MAX_BYTES) return;
    this.#hashes[slot] = hash;
    this.#sizes[slot] = size;
    this.#bits[slot] = this.bits;
    this.#rules[slot] = this.rule;
    this.#roles[slot] = this.role;
    this.#plain[slot] = this.plain ? 1 : 0;
    this.#texts.set(b.subarray(from, to), slot * KEY_CACHE_MAX_BYTES);
  }

  /** The answers for any name, without the memory. */
  classify(b: Uint8Array, from: number, to: number): void {
    this.bits = to - from > 128 ? 0 : meaningOfName(b, from, to);
    const name = plainNameOf(b, from, to);
    this.rule = this.#names.get(name) ?? -1;
    this.role = COLUMN_KEYS.has(name)
      ? COLUMN_NAMES
      : ROW_KEYS.has(name)
        ? ROWS
        : GENERIC_KEYS.has(name)
          ? GENERIC
          : 0;
    let digits = 0;
    let other = false;
    for (let at = from; at < to; at += 1) {
      const byte = b[at] ?? 0;
      if (byte >= 0x30 && byte <= 0x39) digits += 1;
      else if (
        byte === 0x40 ||
        byte === 0x20 ||
        byte === 0x3a ||
        byte === 0x3d ||
        byte >= 0x80 ||
        (STRING_FLAG[byte] ?? 0) > 1
      )
        other = true;
    }
    this.plain = digits < 6 && !other && to - from < 20;
  }

  /** The bytes themselves are compared: a server must not be able to make up a key that is taken for another. */
  #same(slot: number, b: Uint8Array, from: number, size: number): boolean {
    const base = slot * KEY_CACHE_MAX_BYTES;
    const texts = this.#texts;
    for (let i = 0; i < size; i += 1) if (texts[base + i] !== b[from + i]) return false;
    return true;
  }
}

export const COLUMN_NAMES = 1;
export const ROWS = 2;
/** Says nothing itself: its value is what the key above it says (`phone: {value: …}`, a schema's `default`). */
export const GENERIC = 3;
const COLUMN_KEYS = new Set(['columns', 'fields', 'headers', 'header', 'columnnames', 'fieldnames', 'cols']);
const ROW_KEYS = new Set(['rows', 'data', 'values', 'records', 'results', 'tuples']);
const GENERIC_KEYS = new Set([
  'value',
  'number',
  'no',
  'num',
  'text',
  'raw',
  'display',
  'primary',
  'secondary',
  'home',
  'work',
  'default',
  'example',
  'examples',
  'const',
  'enum',
  'full',
  'current',
  'old',
  'new',
  'before',
  'after',
  'item',
  'items',
  'entry',
  'content',
]);
