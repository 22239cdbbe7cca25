import { canonicalJson } from '@sallyport/shared/canonical-json';
import type { EntryValue } from './types.ts';

/** Set while an object has a key that a copy of it would not keep in its place. */
class Awkward extends Error {}

/**
 * RFC 8785 (JCS) text of a value: the same as canonicalJson of shared, which it falls back to, at half its cost for
 * what entries are made of. Two leaves per call are on the path of every call.
 *
 * A copy with sorted members, written by the engine's own JSON.stringify, is the canonical text when numbers are
 * integers, strings are well-formed and no key looks like an array index (the engine orders those first). Measured
 * on an intent: 6 to 8 µs, against 11 to 15 for writing each member ourselves.
 *
 * @throws RangeError for a number that is not a safe integer, and for a lone surrogate.
 */
export function canonicalText(value: EntryValue): string {
  let text: string;
  try {
    text = JSON.stringify(sorted(value));
  } catch (error) {
    if (error instanceof Awkward) return canonicalJson(value);
    throw error;
  }
  // JSON.stringify escapes a lone surrogate; a text that only looks like such an escape is judged by the other.
  return text.includes('\\ud') ? canonicalJson(value) : text;
}

function sorted(value: EntryValue): EntryValue {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new RangeError('a number is not an integer within 2^53');
    return value;
  }
  if (isList(value)) return value.every(isString) ? value : value.map(sorted);
  const copy: { [key: string]: EntryValue } = {};
  // The default order of sort is by UTF-16 code units, which is RFC 8785's.
  for (const key of Object.keys(value).sort()) {
    const first = key.charCodeAt(0);
    if ((first >= 0x30 && first <= 0x39) || key === '__proto__') throw new Awkward();
    const member = value[key];
    if (member !== undefined) copy[key] = typeof member === 'string' ? member : sorted(member);
  }
  return copy;
}

// Array.isArray does not narrow a readonly array.
function isList(value: EntryValue): value is readonly EntryValue[] {
  return Array.isArray(value);
}

function isString(value: EntryValue): boolean {
  return typeof value === 'string';
}
