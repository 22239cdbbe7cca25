import type { EntryDecision } from '../audit/index.ts';
import type { Decision, DecisionRequest } from '../policy/index.ts';

/** Groups in an entry; a principal in more is recorded with their number, and its calls can't be replayed. */
const GROUPS_MAX = 100;

/**
 * A decision as the log keeps it, with what it was made on: together with the entry's own principal, server, tool and
 * session, and with the request's body, it can be made again later, with other policies (`policy replay`).
 */
export function decisionEntry(decision: Decision, asked: Omit<DecisionRequest, 'arguments'>): EntryDecision {
  const { effect, reasons, policies, policyVersion, flows, would } = decision;
  return {
    effect,
    reasons,
    policies,
    policyVersion,
    ...(flows === undefined ? {} : { flows }),
    ...(would === undefined ? {} : { would }),
    on: inputsOf(asked),
  };
}

function inputsOf({
  principal,
  action,
  resource,
  context,
}: Omit<DecisionRequest, 'arguments'>): NonNullable<EntryDecision['on']> {
  const { client, era, approval, grant, labels } = context;
  const { groups } = principal;
  return {
    action,
    era,
    ...(groups.length > GROUPS_MAX ? { groupCount: groups.length } : { groups: [...groups] }),
    // Tools and servers have their own members in the entry; other names are a client's text.
    ...(resource.type === 'Tool' || resource.type === 'Server' ? {} : { type: resource.type }),
    ...(client === undefined ? {} : { client }),
    ...(approval === undefined ? {} : { approvals: [...approval.flows] }),
    ...(grant === undefined
      ? {}
      : {
          grant: {
            id: grant.id,
            reason: grant.reason,
            ...(grant.ticket === undefined ? {} : { ticket: grant.ticket }),
          },
        }),
    ...(labels === undefined || labels.length === 0 ? {} : { labels: [...labels] }),
  };
}
