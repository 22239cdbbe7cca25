import { createPublicKey, verify } from 'node:crypto';

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** An Ed25519 key (RFC 8032). The page for browsers has a file of its own in this one's place (page/ed25519.ts). */
export interface PublicKey {
  /** At once, or where only a promise is to be had, later. */
  hasSigned(message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

/** @param bytes 32 of them. */
export function publicKey(bytes: Uint8Array): PublicKey {
  const der = Buffer.concat([SPKI_PREFIX, bytes]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return { hasSigned: (message, signature) => verify(null, message, key, signature) };
}
