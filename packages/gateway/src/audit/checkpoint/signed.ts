import { NoteError, parseCheckpoint, parseNote, verifyNote } from '@sallyport/shared/merkle';
import { AuditError } from '../errors.ts';
import type { LogKeys } from './signing-keys.ts';

/** A checkpoint that the log's key has signed. */
export interface SignedCheckpoint {
  /** Entries in the log. */
  readonly size: number;
  /** Root of the tree over them, 32 bytes. */
  readonly root: Buffer;
  /** Seconds since 1970, as signed. */
  readonly timeSeconds: number;
  /** The signed note (C2SP tlog-checkpoint). */
  readonly note: string;
}

/**
 * Reads back a checkpoint that this key signed.
 *
 * @param place where it was found, for the message.
 * @throws AuditError `signer_state` when it is not by this key, of another log, or no checkpoint at all.
 */
export function readSigned(note: string, keys: LogKeys, place: string): SignedCheckpoint {
  try {
    const parsed = parseNote(note);
    const verified = verifyNote(parsed, [keys.note, keys.time]);
    const { origin, size, root } = parseCheckpoint(parsed.text);
    const times = verified.flatMap(({ timeSeconds }) => timeSeconds ?? []);
    if (origin === keys.note.name && verified.length > times.length && times.length > 0) {
      return { size, root, timeSeconds: Math.max(...times), note };
    }
    throw new NoteError('unsigned', `it is of ${origin}, or lacks a signature`);
  } catch (cause) {
    if (!(cause instanceof NoteError)) throw cause;
    throw new AuditError(
      'signer_state',
      `The signer's last checkpoint in ${place} is not one that its key has signed (${cause.message}). ` +
        'Restore it and the key together from the same backup.',
      { cause },
    );
  }
}
