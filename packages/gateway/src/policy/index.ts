import { CedarPolicy, type PolicyOptions } from './policy.ts';
import type { Policy } from './types.ts';

export type { DeclaredArguments } from './declarations.ts';
export { type DocumentProblems, PolicyError, type PolicyErrorCode } from './errors.ts';
export type { Around, KnownTool, Misfit } from './fit/around.ts';
export type { PolicyOptions } from './policy.ts';
export { READERS, type ReaderName } from './risk/cedar-types.ts';
export { type DeclaredArgument, namesTool } from './risk/declared.ts';
export { loadRiskReaders, type RiskFacts, type RiskReaders } from './risk/readings.ts';
export {
  ACTIONS,
  type Action,
  type Decision,
  type DecisionRequest,
  type Policy,
  type PolicyProblem,
  type PolicySource,
  type ReasonCode,
  type Surroundings,
  type Would,
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
