import { sha256 } from '@noble/hashes/sha2.js';

// In the page this stands in the place of node:crypto, with what the verifier takes from there.

/** SHA-256 at once: Web Crypto only promises it, which costs more than the hash where there are a million. */
export function hash(
  _algorithm: 'sha256',
  data: string | Uint8Array,
  form: 'hex' | 'buffer',
): string | Buffer {
  const digest = Buffer.from(sha256(typeof data === 'string' ? Buffer.from(data, 'utf8') : data));
  return form === 'hex' ? digest.toString('hex') : digest;
}

/** SHA-256, piece by piece. */
export function createHash(_algorithm: 'sha256') {
  const hashing = sha256.create();
  return {
    update(piece: Uint8Array): void {
      hashing.update(piece);
    },
    digest: (form: 'hex'): string => Buffer.from(hashing.digest()).toString(form),
  };
}

/** For time stamps, whose authorities sign with all kinds of keys. Missing where a page is not believed to be safe. */
export const webcrypto = globalThis.crypto?.subtle === undefined ? undefined : globalThis.crypto;
