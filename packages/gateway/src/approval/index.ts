import { errorText } from '@sallyport/shared/errors';
import { OpenApprovals } from './approvals.ts';
import { TICK_MS } from './limits.ts';
import type { ApprovalsOptions } from './steps.ts';
import type { Approvals } from './types.ts';

export { callDigest, callKey, canonicalText, type DigestParts } from './digest.ts';
export type { ApprovalEntry } from './entries.ts';
export { ApprovalError, type ApprovalErrorCode } from './errors.ts';
export type { FlowRules } from './flow.ts';
export type { ApprovalsOptions } from './steps.ts';
export {
  APPROVAL_STATES,
  type Approval,
  type ApprovalEvent,
  type ApprovalQuery,
  type ApprovalState,
  type Approvals,
  type Ask,
  type Decider,
  type DecisionInput,
  type Person,
  type Proof,
  type Subject,
  type Vote,
} from './types.ts';

/** Opens the approval room: it listens to other replicas, and sweeps for what jobs and notices have missed. */
export async function openApprovals(options: ApprovalsOptions): Promise<Approvals> {
  const approvals = new OpenApprovals(options);
  await approvals.listen();
  let ticking: Promise<void> | undefined;
  const timer = setInterval(() => {
    ticking ??= approvals
      .tick()
      .catch((error: unknown) => {
        options.logger.debug('approvals not settled yet', { reason: errorText(error) });
      })
      .finally(() => {
        ticking = undefined;
      });
  }, TICK_MS);
  timer.unref();
  approvals.close = async () => {
    clearInterval(timer);
    await ticking;
  };
  return approvals;
}
