import { SallyportError } from '@sallyport/shared/errors';

export type AuditErrorCode =
  | 'unavailable' // not durable, or not known to be: the caller must not go on
  | 'invalid' // the draft is no canonical JSON value, or too large
  | 'already_settled' // the call has its ending in the log already (call.indeterminate)
  | 'slot_taken' // another gateway owns the slot
  | 'signer_refused' // the log does not extend what the signer has signed
  | 'signer_state' // the signer's own record, or the key it was made with, is not what it was
  | 'not_found' // there is no such thing beside the entry
  | 'shredded' // there was, and nobody can open it any more
  | 'held' // a legal hold forbids it
  | 'not_due' // a month of the log can't go, or not yet
  | 'anchor_refused' // an object store or time stamping authority did not do what was asked
  | 'anchor_differs' // something else is where a checkpoint was to be anchored
  | 'anchor_unlocked' // an object store does not keep what it is given
  | 'outbound_refused' // an address of the settings leads where requests must not go
  | 'origin_changed'; // the slot's log was begun under another name

export class AuditError extends SallyportError<AuditErrorCode> {
  override readonly name = 'AuditError';
}

/** What a caller is told when an entry cannot be made durable. */
export function unavailable(detail: string, cause?: unknown): AuditError {
  return new AuditError(
    'unavailable',
    'The audit log cannot be written now, so nothing is sent or released. Try again in a moment.',
    { detail, cause },
  );
}
