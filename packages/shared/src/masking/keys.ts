import { QUOTE, STRING_FLAG } from './bytes.ts';
import { type Inherited, NOTHING_KNOWN } from './inherited.ts';
import { KEY_CACHE_MAX_BYTES, KEY_CACHE_SLOTS } from './limits.ts';
import { plainNameOf } from './rules/names.ts';
import { meaningOfName } from './words.ts';

/** What an object key says of its value. */
export interface KeyInfo {
  readonly text: Uint8Array;
  readonly bits: number;
  /** Reporter of the customer's key rule; -1 where there is none. */
  readonly rule: number;
  /** What the key is in a result set: COLUMN_NAMES, ROWS, GENERIC or 0. */
  readonly role: number;
  /** True where the key itself holds nothing that a detector looks at. */
  readonly plain: boolean;
  /** What a value under it inherits where nothing else is known. */
  readonly known: Inherited;
  /** The key that came after it last time. */
  next: KeyInfo | null;
}

/**
 * What object keys mean. Records repeat their keys thousands of times, and in order, so the answer for a key's bytes is
 * remembered, and the key after it is guessed. The bytes themselves are always compared: a server must not be able to
 * make up a key that is taken for another.
 */
export class KeyCache {
  readonly #names: ReadonlyMap<string, number>;
  readonly #slots: (KeyInfo | undefined)[] = new Array<KeyInfo | undefined>(KEY_CACHE_SLOTS).fill(undefined);
  /** One of its own: what comes after it is written into it, and must not be seen by the plan of other rules. */
  #last: KeyInfo = { ...NO_KEY };

  constructor(names: ReadonlyMap<string, number>) {
    this.#names = names;
  }

  /** The key that is guessed to stand at `from`, where its bytes and closing quote do; null where another stands. */
  expect(b: Uint8Array, from: number): KeyInfo | null {
    const guess = this.#last.next;
    if (guess === null) return null;
    const { text } = guess;
    if (b[from + text.length] !== QUOTE || !same(text, b, from)) return null;
    this.#last = guess;
    return guess;
  }

  /** Looks up key bytes [from, to), without escapes. */
  look(b: Uint8Array, from: number, to: number): KeyInfo {
    const size = to - from;
    if (size === 0 || size > KEY_CACHE_MAX_BYTES) return this.classify(b, from, to);
    // The ends and the middle tell keys apart well enough for a slot.
    const middle = b[(from + to) >> 1] ?? 0;
    const ends = ((b[from] ?? 0) << 8) ^ ((b[to - 1] ?? 0) << 16) ^ (middle << 3) ^ (b[from + 1] ?? 0);
    const slot = (Math.imul(ends + size, 0x9e3779b1) >>> 20) & (KEY_CACHE_SLOTS - 1);
    let key = this.#slots[slot];
    if (key === undefined || key.text.length !== size || !same(key.text, b, from)) {
      key = this.classify(b, from, to);
      this.#slots[slot] = key;
    }
    this.#last.next = key;
    this.#last = key;
    return key;
  }

  /** The answers for any name, without the memory. */
  classify(b: Uint8Array, from: number, to: number): KeyInfo {
    const name = plainNameOf(b, from, to);
    const bits = to - from > 128 ? 0 : meaningOfName(b, from, to);
    const rule = this.#names.get(name) ?? -1;
    const known = bits === 0 && rule < 0 ? NOTHING_KNOWN : { bits, rule, path: null };
    return {
      text: b.slice(from, to),
      bits,
      rule,
      role: roleOf(name),
      plain: isPlain(b, from, to),
      known,
      next: null,
    };
  }
}

const NO_KEY: KeyInfo = {
  text: new Uint8Array(0),
  bits: 0,
  rule: -1,
  role: 0,
  plain: true,
  known: NOTHING_KNOWN,
  next: null,
};

function same(text: Uint8Array, b: Uint8Array, from: number): boolean {
  for (let i = 0; i < text.length; i += 1) if (text[i] !== b[from + i]) return false;
  return true;
}

/** Whether nothing that detectors look at is in a key: few digits, no signs, short enough for no encoding. */
function isPlain(b: Uint8Array, from: number, to: number): boolean {
  let digits = 0;
  for (let at = from; at < to; at += 1) {
    const byte = b[at] ?? 0;
    if (byte >= 0x30 && byte <= 0x39) digits += 1;
    else if (byte === 0x40 || byte === 0x20 || byte === 0x3a || byte === 0x3d || byte >= 0x80) return false;
    else if ((STRING_FLAG[byte] ?? 0) > 1) return false;
  }
  return digits < 6 && to - from < 20;
}

function roleOf(name: string): number {
  if (COLUMN_KEYS.has(name)) return COLUMN_NAMES;
  if (ROW_KEYS.has(name)) return ROWS;
  return GENERIC_KEYS.has(name) ? GENERIC : 0;
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
