import { SallyportError } from '@sallyport/shared/errors';

export type ApprovalErrorCode =
  | 'approval_unavailable' // policy names a flow that is not there, or nobody may be asked
  | 'invalid'
  | 'own' // who asks does not decide
  | 'not_eligible'
  | 'not_found'
  | 'conflict' // it was decided, changed or ran out
  | 'too_many'
  | 'unavailable';

/** What the approval room refuses. The message is for the caller. */
export class ApprovalError extends SallyportError<ApprovalErrorCode> {
  override readonly name = 'ApprovalError';
}
