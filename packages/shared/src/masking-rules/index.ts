/** Masking rules as documents hold them, and the choice of a plan for a message: what gateway and agent must do alike. */
export { checkRule, type RuleProblem } from './check.ts';
export { GuardedStream, maskWithin } from './guarded.ts';
export { HOLD_MAX_MS, RULE_SET_MAX_CHARACTERS } from './limits.ts';
export { type Choice, Plans, type PlansOptions } from './plans.ts';
export { ANY_TOOL, DEFAULT_PROFILES, named, serverMasking } from './select.ts';
export type {
  Direction,
  MaskScope,
  MediaSpec,
  NamedRule,
  RestoreSpec,
  RuleScope,
  RuleSet,
  RuleSpec,
  ServerMasking,
} from './types.ts';
