import { SallyportError } from '@sallyport/shared/errors';

/** Consent to one held call, or the fact that none is needed. */
export interface Consent {
  /** Number of the approval; absent where the decision demanded none. */
  readonly approval?: string;
}

export class ApprovalError extends SallyportError<'approval_unavailable'> {
  override readonly name = 'ApprovalError';
}

/** The approval room's door. */
export interface Approval {
  /**
   * Waits for the consent that a held decision demands.
   * @throws ApprovalError where it can't be had: a call is never sent without the approval policy demands
   */
  consent(decision: { readonly effect: 'allow' | 'deny' | 'hold' }): Consent;
}

/** No policy can demand an approval yet; were one to, the call would be refused, not let through. */
export function createApproval(): Approval {
  return {
    consent(decision) {
      if (decision.effect === 'allow') return {};
      throw new ApprovalError(
        'approval_unavailable',
        'This call needs an approval, and this gateway has nobody to ask. Ask the security team.',
      );
    },
  };
}
