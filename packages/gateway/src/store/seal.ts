import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StoreError } from './errors.ts';

/** Seals what must not stand in the database in plain, with the master key. */
export interface Sealer {
  /** First 16 hexadecimal digits of a digest of the key: names the key without telling it. */
  readonly keyId: string;
  /** `name` says what the plaintext is, `tunnel-ca-key`; sealed bytes open under the same name alone. */
  seal(name: string, plaintext: Uint8Array): Buffer;
  /** @throws StoreError `key_mismatch` with the id of the key it needs, or `sealed_damaged`. */
  unseal(name: string, sealed: Uint8Array): Buffer;
}

// Layout: version (1), key id (8), nonce (12), ciphertext, tag (16). The header is authenticated with the name.
const VERSION = 1;
const KEY_ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES;
const KEY_BYTES = 32;

/**
 * Opens the master key: 32 bytes as 64 hexadecimal digits in a file. AES-256-GCM with random nonces, which is safe
 * for the few thousand things sealed with it (NIST SP 800-38D §8.3: up to 2^32).
 *
 * @throws StoreError `key_missing` or `key_invalid`.
 */
export async function openSealer(
  masterKeyFile: string,
  options: { createIfMissing: boolean },
): Promise<Sealer> {
  if (options.createIfMissing) await createKey(masterKeyFile);
  const text = await readFile(masterKeyFile, 'utf8').catch((cause: unknown) => {
    throw new StoreError('key_missing', `The master key file ${masterKeyFile} cannot be read.`, { cause });
  });
  if (!/^[0-9a-f]{64}$/i.test(text.trim())) {
    throw new StoreError(
      'key_invalid',
      `The master key file ${masterKeyFile} must hold 64 hexadecimal digits.`,
    );
  }
  return makeSealer(Buffer.from(text.trim(), 'hex'), masterKeyFile);
}

async function createKey(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600 });
  // A link never replaces: a key that is there stays, and a half-written one is never seen.
  await link(draft, file).catch((error: unknown) => {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST') return;
    throw error;
  });
  await rm(draft, { force: true });
}

function makeSealer(key: Buffer, file: string): Sealer {
  const id = createHash('sha256')
    .update('sallyport master key id')
    .update(key)
    .digest()
    .subarray(0, KEY_ID_BYTES);
  const keyId = id.toString('hex');
  return {
    keyId,
    seal: (name, plaintext) => {
      const header = Buffer.concat([Buffer.of(VERSION), id, randomBytes(NONCE_BYTES)]);
      const cipher = createCipheriv('aes-256-gcm', key, header.subarray(HEADER_BYTES - NONCE_BYTES));
      cipher.setAAD(additionalData(header, name));
      return Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    unseal: (name, sealed) => {
      const bytes = Buffer.from(sealed);
      if (bytes.length < HEADER_BYTES + TAG_BYTES || bytes[0] !== VERSION) throw damaged(name);
      const header = bytes.subarray(0, HEADER_BYTES);
      const needed = header.subarray(1, 1 + KEY_ID_BYTES).toString('hex');
      if (needed !== keyId) {
        throw new StoreError(
          'key_mismatch',
          `"${name}" was sealed with master key ${needed}, and ${file} holds ${keyId}. Put the right key file in place.`,
        );
      }
      const decipher = createDecipheriv('aes-256-gcm', key, header.subarray(HEADER_BYTES - NONCE_BYTES));
      decipher.setAAD(additionalData(header, name));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES, -TAG_BYTES)), decipher.final()]);
      } catch {
        throw damaged(name);
      }
    },
  };
}

/** The header has a fixed length, so header and name cannot be cut differently. */
function additionalData(header: Buffer, name: string): Buffer {
  return Buffer.concat([header, Buffer.from(name, 'utf8')]);
}

function damaged(name: string): StoreError {
  return new StoreError(
    'sealed_damaged',
    `"${name}" does not open: its sealed bytes, or the name they were sealed under, were changed.`,
  );
}
