import { SallyportError } from '@sallyport/shared/errors';

export type ProposalErrorCode =
  | 'invalid'
  | 'not_found'
  | 'own' // the proposer can't be the second person
  | 'conflict' // it was decided on, changed or ran out
  | 'unavailable';

/** What the proposal room refuses. The message is for the caller. */
export class ProposalError extends SallyportError<ProposalErrorCode> {
  override readonly name = 'ProposalError';
}
