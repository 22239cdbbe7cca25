import { hashes, verify } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import type { PublicKey } from '../src/verify/ed25519.ts';

hashes.sha512 = sha512;

/** The browser's own Ed25519, which is ten times faster; browsers from before 2025 may have none. */
export function publicKey(bytes: Uint8Array): PublicKey {
  const key = bytes.slice();
  const native = importKey(key);
  return {
    async hasSigned(message, signature) {
      const imported = await native;
      if (imported === undefined) return slowly(key, message, signature);
      return await crypto.subtle.verify('Ed25519', imported, signature.slice(), message.slice());
    },
  };
}

async function importKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey | undefined> {
  try {
    return await crypto.subtle.importKey('raw', bytes, 'Ed25519', false, ['verify']);
  } catch {
    // The browser does not know the algorithm, or has no Web Crypto; bytes that are no key verify nothing below.
    return undefined;
  }
}

function slowly(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(signature.slice(), message.slice(), key, { zip215: false });
  } catch {
    return false; // lengths and points that no signature has
  }
}
