import { CedarPolicy, type PolicyOptions } from './policy.ts';
import type { Policy } from './types.ts';

export { type DocumentProblems, PolicyError, type PolicyErrorCode } from './errors.ts';
export type { PolicyOptions } from './policy.ts';
export {
  ACTIONS,
  type Action,
  type Decision,
  type DecisionRequest,
  type Policy,
  type PolicyProblem,
  type ReasonCode,
} from './types.ts';

/**
 * A policy with nothing loaded, which denies everything until `load`.
 *
 * It decides with Cedar, in memory and synchronously: default deny, forbid over permit, and a forbid that cannot be
 * evaluated denies. See DESIGN.md §7 and §10.
 */
export function createPolicy(options: PolicyOptions = {}): Policy {
  return new CedarPolicy(options);
}
