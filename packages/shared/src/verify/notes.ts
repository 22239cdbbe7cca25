import { hash } from 'node:crypto';
import { type PublicKey, publicKey } from './ed25519.ts';

/** Kinds of signatures (C2SP signed-note): over the text, and with a time (tlog-cosignature). */
const ED25519 = 0x01;
const COSIGNATURE = 0x04;
const KEY_BYTES = 32;
const ID_BYTES = 4;
const TIME_BYTES = 8;

/** A public key that is believed. */
export interface TrustedKey {
  readonly text: string;
  readonly name: string;
  readonly id: string;
  readonly timed: boolean;
  readonly key: PublicKey;
}

/** A checkpoint whose signatures were verified. */
export interface VerifiedCheckpoint {
  readonly origin: string;
  readonly size: number;
  /** Base 64. */
  readonly root: string;
  /** Milliseconds since 1970, as the log signed it. */
  readonly timeMs: number;
}

/** Reads `<name>+<id>+<base64(kind ‖ key)>`; undefined when it is not one. */
export function readKey(text: string): TrustedKey | undefined {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text);
  const [, name = '', id = '', encoded = ''] = match ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  const kind = bytes[0];
  if (bytes.length !== 1 + KEY_BYTES || (kind !== ED25519 && kind !== COSIGNATURE)) return undefined;
  const expected = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), bytes]), 'hex').slice(
    0,
    2 * ID_BYTES,
  );
  if (expected !== id) return undefined;
  return { text, name, id, timed: kind === COSIGNATURE, key: publicKey(bytes.subarray(1)) };
}

/**
 * Verifies a checkpoint: each line of a trusted key, and at least one that signs it and one that signs its time.
 *
 * @returns the checkpoint, or why it is not believed.
 */
export async function verifyCheckpoint(
  note: string,
  keys: readonly TrustedKey[],
): Promise<VerifiedCheckpoint | string> {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return 'it is not a signed note';
  const text = note.slice(0, end + 1);
  let signed = false;
  let timeMs: number | undefined;
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const [, name, encoded = ''] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
    const bytes = Buffer.from(encoded, 'base64');
    const id = bytes.subarray(0, ID_BYTES).toString('hex');
    const key = keys.find((each) => each.name === name && each.id === id);
    if (key === undefined) continue;
    const signature = bytes.subarray(ID_BYTES);
    if (!(await isSignedBy(key, text, signature))) return `its signature by ${key.name} (${key.id}) is wrong`;
    if (key.timed) timeMs = 1_000 * Number(signature.readBigUInt64BE());
    else signed = true;
  }
  if (!signed || timeMs === undefined) return 'no key of the log has signed it and its time';
  const [, origin = '', size = '', root = ''] =
    /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*$/.exec(text) ?? [];
  if (origin === '') return 'it is signed and is not a checkpoint';
  return { origin, size: Number(size), root, timeMs };
}

/** When the key countersigned the text by this line, milliseconds since 1970; undefined when it did not. */
export async function cosignedAtMs(text: string, line: string, key: TrustedKey): Promise<number | undefined> {
  const [, name, encoded = ''] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (name !== key.name || bytes.subarray(0, ID_BYTES).toString('hex') !== key.id) return undefined;
  const signature = bytes.subarray(ID_BYTES);
  return (await isSignedBy(key, text, signature)) ? 1_000 * Number(signature.readBigUInt64BE()) : undefined;
}

async function isSignedBy({ key, timed }: TrustedKey, text: string, signature: Buffer): Promise<boolean> {
  if (!timed) return signature.length === 64 && (await key.hasSigned(Buffer.from(text), signature));
  if (signature.length !== TIME_BYTES + 64) return false;
  const message = `cosignature/v1\ntime ${signature.readBigUInt64BE()}\n${text}`;
  return await key.hasSigned(Buffer.from(message), signature.subarray(TIME_BYTES));
}
