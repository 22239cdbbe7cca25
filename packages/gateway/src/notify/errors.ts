import { SallyportError } from '@sallyport/shared/errors';

export type NotifyErrorCode =
  | 'unknown' // no such notification, or it takes nothing in
  | 'signature' // not signed by who it says, or too old
  | 'malformed'
  | 'unmapped'; // signed, by a person who is nobody here

/** What comes in and is not taken. */
export class NotifyError extends SallyportError<NotifyErrorCode> {
  override readonly name = 'NotifyError';
}
