/**
 * The masking engine (DESIGN.md §8): pure, no I/O, no clock. The agent runs it before data leaves the network, the
 * gateway again before release. Compile a plan once, mask every message with it.
 */
export { textsToAnalyse } from './analysis.ts';
export { DETECTORS } from './detectors/table.ts';
export { MaskingError, type MaskingErrorCode } from './errors.ts';
export { maskMessage } from './mask-message.ts';
export { compilePlan, type MaskingPlan } from './plan.ts';
export { PROFILES } from './profiles.ts';
export { type RestoreResult, restoreTokens } from './restore.ts';
export { createStreamMasker, type StreamMasker } from './stream.ts';
export type {
  Action,
  Analysed,
  AnalysedSpan,
  Carrier,
  Entity,
  Finding,
  MaskingRule,
  MaskOptions,
  MaskResult,
  MediaChoice,
  Place,
  PlanOptions,
  ProfileName,
  Refusal,
  RefusalReason,
  RuleMatch,
  TokenVault,
} from './types.ts';
