import { errorText } from '@sallyport/shared/errors';
import { TICK_MS } from './limits.ts';
import { OpenProposals, type ProposalsOptions } from './proposals.ts';
import type { Proposals } from './types.ts';

export { ProposalError, type ProposalErrorCode } from './errors.ts';
export type { ProposalEntry, ProposalsOptions } from './proposals.ts';
export {
  PROPOSAL_STATES,
  type Proposal,
  type ProposalKind,
  type ProposalState,
  type Proposals,
  type Proposer,
} from './types.ts';

/** Opens the proposal room. Kinds are registered before anything is carried out that a crash has left. */
export function openProposals(options: ProposalsOptions): Proposals {
  const proposals = new OpenProposals(options);
  let ticking: Promise<void> | undefined;
  const timer = setInterval(() => {
    ticking ??= proposals
      .tick()
      .catch((error: unknown) => {
        options.logger.debug('proposals not settled yet', { reason: errorText(error) });
      })
      .finally(() => {
        ticking = undefined;
      });
  }, TICK_MS);
  timer.unref();
  proposals.close = async () => {
    clearInterval(timer);
    await ticking;
  };
  return proposals;
}
