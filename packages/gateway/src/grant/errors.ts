import { SallyportError } from '@sallyport/shared/errors';

export type GrantErrorCode =
  | 'invalid' // the terms can't be granted to anybody
  | 'denied' // policy does not let this principal ask for them
  | 'too_many' // open requests or grants of one principal
  | 'not_found'
  | 'conflict' // somebody or something else was first
  | 'ended' // the grant no longer permits
  | 'unavailable';

/** What the grant room refuses. The message is for the caller. */
export class GrantError extends SallyportError<GrantErrorCode> {
  override readonly name = 'GrantError';
}
