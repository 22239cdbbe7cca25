import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { NoteError } from './errors.ts';

/** Kinds of signatures in notes (C2SP signed-note, Signature types). */
export const SIGNATURE_TYPE = { ed25519: 0x01, cosignature: 0x04 } as const;
export type SignatureType = (typeof SIGNATURE_TYPE)[keyof typeof SIGNATURE_TYPE];

const KEY_BYTES = 32;
const ID_BYTES = 4;
// Everything before the 32 bytes of an Ed25519 key in DER (RFC 8410 §4 and §7).
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A key whose signatures are believed, under its name. */
export interface VerifierKey {
  readonly name: string;
  readonly type: SignatureType;
  /** Four bytes; with the name it says which key and algorithm made a signature. */
  readonly id: Buffer;
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Buffer;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/** A key that signs notes. */
export interface SigningKey extends VerifierKey {
  /** 64 bytes. */
  sign(message: Uint8Array): Buffer;
}

/** 32 random bytes that make a key. */
export function newSeed(): Buffer {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_PREFIX.length);
}

/** @throws NoteError `malformed` when the name cannot stand in a note. */
export function signingKey(name: string, seed: Uint8Array, type: SignatureType): SigningKey {
  if (seed.length !== KEY_BYTES) throw new RangeError(`a seed has ${KEY_BYTES} bytes`);
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const key = verifierKey(name, spki.subarray(SPKI_PREFIX.length), type);
  return { ...key, sign: (message) => sign(null, message, privateKey) };
}

/** @throws NoteError `malformed`. */
export function verifierKey(name: string, publicKey: Uint8Array, type: SignatureType): VerifierKey {
  if (!isKeyName(name)) throw malformed(`"${name}" cannot be the name of a key`);
  if (publicKey.length !== KEY_BYTES) throw malformed('an Ed25519 key has 32 bytes');
  const bytes = Buffer.from(publicKey);
  const key: KeyObject = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, bytes]),
    format: 'der',
    type: 'spki',
  });
  return {
    name,
    type,
    id: keyId(name, type, bytes),
    publicKey: bytes,
    verify: (message, signature) => signature.length === 64 && verify(null, message, key, signature),
  };
}

/** `<name>+<id, hexadecimal>+<base64(type ‖ key)>`: how a key is handed to those who verify (C2SP signed-note). */
export function verifierKeyText({ name, type, id, publicKey }: VerifierKey): string {
  return `${name}+${id.toString('hex')}+${Buffer.concat([Buffer.of(type), publicKey]).toString('base64')}`;
}

/** @throws NoteError `malformed`, also when the id is not the key's. */
export function parseVerifierKey(text: string): VerifierKey {
  const [name = '', id = '', encoded = '', ...more] = text.split('+');
  // Base 64 has plus signs of its own.
  const bytes = Buffer.from([encoded, ...more].join('+'), 'base64');
  const type = Object.values(SIGNATURE_TYPE).find((known) => known === bytes[0]);
  if (type === undefined) throw malformed('the verifier key has no kind that is known here');
  const key = verifierKey(name, bytes.subarray(1), type);
  if (verifierKeyText(key) !== text) throw malformed(`the verifier key's id ${id} is not that of its key`);
  return key;
}

/** Key names are not empty and have no blanks and no plus signs (C2SP signed-note, Format). */
export function isKeyName(name: string): boolean {
  return /^[^\s+]+$/u.test(name) && name.isWellFormed();
}

function keyId(name: string, type: number, publicKey: Uint8Array): Buffer {
  const text = Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), Buffer.of(type), publicKey]);
  return hash('sha256', text, 'buffer').subarray(0, ID_BYTES);
}

function malformed(message: string): NoteError {
  return new NoteError('malformed', message);
}
