import { NoteError } from './errors.ts';
import { isKeyName, SIGNATURE_TYPE, type SigningKey, type VerifierKey } from './keys.ts';

/** Signatures of one note that are looked at: C2SP asks for 16 at least; more is an attempt to keep us busy. */
const SIGNATURES_MAX = 64;

const ID_BYTES = 4;
const TIME_BYTES = 8;

/** One line of signature. */
export interface NoteSignature {
  readonly name: string;
  readonly id: Buffer;
  /** What the key made, without the id. */
  readonly signature: Buffer;
}

/** A note taken apart; nothing about it is believed yet. */
export interface ParsedNote {
  /** With its last newline, without the blank line. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A signature that was verified. */
export interface VerifiedSignature {
  readonly key: VerifierKey;
  /** Of a cosignature: when it was made, seconds since 1970. */
  readonly timeSeconds?: number;
}

/**
 * Signs a text: one line for each key. A key of the kind `cosignature` signs the time with it.
 *
 * @param text ends in a newline (C2SP signed-note, Format).
 * @param timeSeconds seconds since 1970, for cosignatures.
 */
export function signNote(text: string, keys: readonly SigningKey[], timeSeconds: number): string {
  if (!text.endsWith('\n') || !isNoteText(text))
    throw new NoteError('malformed', 'this text cannot be signed');
  return `${text}\n${keys.map((key) => signatureLine(text, key, timeSeconds)).join('')}`;
}

/** A line that can be added to a note. */
export function signatureLine(text: string, key: SigningKey, timeSeconds: number): string {
  const parts = [key.id];
  if (key.type === SIGNATURE_TYPE.cosignature) {
    const time = Buffer.alloc(TIME_BYTES);
    time.writeBigUInt64BE(BigInt(timeSeconds));
    parts.push(time, key.sign(cosignedMessage(text, timeSeconds)));
  } else {
    parts.push(key.sign(Buffer.from(text, 'utf8')));
  }
  return `— ${key.name} ${Buffer.concat(parts).toString('base64')}\n`;
}

/** @throws NoteError `malformed`. */
export function parseNote(note: string): ParsedNote {
  const end = note.lastIndexOf('\n\n');
  if (end < 1 || !note.endsWith('\n') || !isNoteText(note)) {
    throw new NoteError('malformed', 'this is not a signed note');
  }
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) throw new NoteError('malformed', 'the note has too many signatures');
  return { text: note.slice(0, end + 1), signatures: lines.map(parseLine) };
}

/**
 * The signatures of the given keys on a note, verified. Lines of other keys are passed over, as the specification
 * demands.
 *
 * @throws NoteError `bad_signature` when a line of a given key does not verify, `unsigned` when there is none at all.
 */
export function verifyNote(note: ParsedNote, keys: readonly VerifierKey[]): VerifiedSignature[] {
  const verified: VerifiedSignature[] = [];
  for (const line of note.signatures) {
    const key = keys.find((each) => each.name === line.name && each.id.equals(line.id));
    if (key === undefined) continue;
    const found = verifyLine(note.text, line.signature, key);
    if (found === undefined) {
      throw new NoteError(
        'bad_signature',
        `the signature of ${key.name} (${key.id.toString('hex')}) is wrong`,
      );
    }
    verified.push(found);
  }
  if (verified.length === 0)
    throw new NoteError('unsigned', 'no key that is trusted here has signed the note');
  return verified;
}

function verifyLine(text: string, signature: Buffer, key: VerifierKey): VerifiedSignature | undefined {
  if (key.type !== SIGNATURE_TYPE.cosignature) {
    return key.verify(Buffer.from(text, 'utf8'), signature) ? { key } : undefined;
  }
  if (signature.length < TIME_BYTES) return undefined;
  const timeSeconds = Number(signature.readBigUInt64BE());
  if (!Number.isSafeInteger(timeSeconds)) return undefined;
  const message = cosignedMessage(text, timeSeconds);
  return key.verify(message, signature.subarray(TIME_BYTES)) ? { key, timeSeconds } : undefined;
}

/** C2SP tlog-cosignature, Ed25519 signed message. */
function cosignedMessage(text: string, timeSeconds: number): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${timeSeconds}\n${text}`, 'utf8');
}

function parseLine(line: string): NoteSignature {
  const match = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line);
  const [, name = '', encoded = ''] = match ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (
    match === null ||
    !isKeyName(name) ||
    bytes.length <= ID_BYTES ||
    bytes.toString('base64') !== encoded
  ) {
    throw new NoteError('malformed', 'the note has a line that is no signature');
  }
  return { name, id: bytes.subarray(0, ID_BYTES), signature: bytes.subarray(ID_BYTES) };
}

/** UTF-8 without control characters other than newline. */
function isNoteText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  return text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}
