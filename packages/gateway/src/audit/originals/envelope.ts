import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** An exact request under a key of its own, and that key under its period's. */
export interface Envelope {
  /** HMAC-SHA-256 over the exact bytes under the record's key, hexadecimal: in the leaf. */
  readonly commit: string;
  /** The record's key, sealed with the period's: nonce, ciphertext, tag. */
  readonly wrappedKey: Buffer;
  /** The exact bytes, sealed with the record's key: nonce, ciphertext, tag. */
  readonly sealed: Buffer;
}

/**
 * Seals bytes so that whoever forgets the wrapped key has shredded them, and the commitment in the log still stands.
 *
 * @param context what the envelope belongs to; it opens under the same context alone.
 */
export function sealRecord(original: Uint8Array, periodKey: Uint8Array, context: string): Envelope {
  const recordKey = randomBytes(KEY_BYTES);
  return {
    commit: commitment(recordKey, original),
    wrappedKey: seal(periodKey, recordKey, `key ${context}`),
    sealed: seal(recordKey, original, `original ${context}`),
  };
}

/** @throws Error where the envelope, the key or the context is another, or the commitment does not hold. */
export function openRecord(envelope: Envelope, periodKey: Uint8Array, context: string): Buffer {
  const recordKey = open(periodKey, envelope.wrappedKey, `key ${context}`);
  const original = open(recordKey, envelope.sealed, `original ${context}`);
  const commit = Buffer.from(commitment(recordKey, original));
  const claimed = Buffer.from(envelope.commit);
  if (commit.length !== claimed.length || !timingSafeEqual(commit, claimed)) {
    throw new Error('the sealed original is not the one that the entry commits to');
  }
  return original;
}

/** The key that commits is derived, so that no key serves two purposes. */
function commitment(recordKey: Uint8Array, bytes: Uint8Array): string {
  const key = Buffer.from(hkdfSync('sha256', recordKey, '', 'sallyport commit', KEY_BYTES));
  return createHmac('sha256', key).update(bytes).digest('hex');
}

function seal(key: Uint8Array, plain: Uint8Array, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Uint8Array, sealed: Buffer, context: string): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('a sealed record is cut short');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}
