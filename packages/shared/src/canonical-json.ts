import { createHash } from 'node:crypto';
import serialise from 'canonicalize';

/** What a canonical document may hold. Numbers are integers within ±2^53 (AUDIT.md, Log). */
export type CanonicalValue =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue | undefined };

/**
 * The RFC 8785 (JCS) form of a document of ours. Members that are `undefined` are absent.
 *
 * @throws RangeError for a number that is not a safe integer, and for a lone surrogate: two texts that differ only
 *   there would get the same bytes, and so the same digest.
 */
export function canonicalJson(value: CanonicalValue): string {
  refuse(value, '$');
  const text = serialise(value);
  if (text === undefined) throw new RangeError('there is no canonical form of undefined');
  return text;
}

/** SHA-256 of the canonical form, as 64 lower-case hexadecimal digits. */
export function canonicalDigest(value: CanonicalValue): string {
  return createHash('sha256').update(canonicalJson(value), 'utf8').digest('hex');
}

function refuse(value: CanonicalValue | undefined, path: string): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new RangeError(`lone surrogate at ${path}`);
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new RangeError(`number at ${path} is not an integer within 2^53`);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      refuse(item, `${path}[${index}]`);
    });
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (!key.isWellFormed()) throw new RangeError(`lone surrogate in a key at ${path}`);
      if (member !== undefined) refuse(member, `${path}.${key}`);
    }
  }
}
