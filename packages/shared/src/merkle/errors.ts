import { SallyportError } from '../errors.ts';

export type NoteErrorCode =
  | 'malformed' // no note, checkpoint or verifier key
  | 'unsigned' // no signature of a key that is trusted here
  | 'bad_signature'; // a line claims to be by a trusted key and is not

/** A signed note cannot be believed. */
export class NoteError extends SallyportError<NoteErrorCode> {
  override readonly name = 'NoteError';
}
