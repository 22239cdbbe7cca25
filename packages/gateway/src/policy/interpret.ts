import type { Response } from '@cedar-policy/cedar-wasm/nodejs';
import type { Slice } from './slices.ts';
import type { Decision, ReasonCode } from './types.ts';

/**
 * The engine's answer as a decision. Cedar leaves a policy that fails out of its answer; here a forbid that fails
 * denies, because it might have forbidden.
 */
export function interpret(
  { decision, diagnostics }: Response,
  slice: Slice,
  policyVersion: string,
): Decision {
  const failed = new Set(diagnostics.errors.map(({ policyId }) => policyId));
  const forbidFailed = [...failed].some((id) => slice.effects.get(id) !== 'permit');
  const determining = new Set(diagnostics.reason);
  const allow = decision === 'allow' && !forbidFailed;
  const reasons: ReasonCode[] = [];
  if (allow) reasons.push('permitted');
  else if (decision !== 'allow') reasons.push(determining.size > 0 ? 'forbidden' : 'no_permit');
  if (forbidFailed) reasons.push('policy_error');
  // Which policies: those that decided; of a denial also those that failed, but for permits beside a forbid.
  const named = (id: string) => {
    if (allow) return determining.has(id);
    if (slice.effects.get(id) === 'permit') return failed.has(id) && determining.size === 0;
    return failed.has(id) || (decision !== 'allow' && determining.has(id));
  };
  const policies = [...slice.effects.keys()].filter(named);
  return frozen({ effect: allow ? 'allow' : 'deny', reasons, policies, policyVersion });
}

/**
 * The flows whose approvals lift every policy that denies; undefined where one of them can't be lifted: a forbid that
 * demands none, one that failed, one that stands although its approval is there, or the lack of a permit.
 */
export function demandedFlows(
  denied: Decision,
  slice: Slice,
  present: readonly string[],
): readonly string[] | undefined {
  if (denied.effect !== 'deny' || denied.reasons.some((reason) => reason !== 'forbidden')) return undefined;
  const flows = new Set<string>();
  for (const id of denied.policies) {
    const flow = slice.flows.get(id);
    if (flow === undefined || present.includes(flow)) return undefined;
    flows.add(flow);
  }
  return flows.size === 0 ? undefined : [...flows].sort();
}

/** What a denial becomes where the same call with these approvals would be allowed. */
export function held(denied: Decision, flows: readonly string[]): Decision {
  return frozen({ ...denied, effect: 'hold', reasons: ['approval_required'], flows });
}

export function denial(reason: ReasonCode, policyVersion: string): Decision {
  return frozen({ effect: 'deny', reasons: [reason], policies: [], policyVersion });
}

/** Remembered decisions are handed out many times. */
function frozen(decision: Decision): Decision {
  Object.freeze(decision.reasons);
  Object.freeze(decision.policies);
  Object.freeze(decision.flows);
  return Object.freeze(decision);
}
