/** Masking: what leaves towards a person, a server or the record is masked here, by the rules of documents. */
export { AgentRules, type ServedServer, type SignedRules } from './agent-rules.ts';
export { type MaskingKeys, openKeys } from './keys.ts';
export { createMasking, type MaskingOptions } from './masking.ts';
export { MaskingRefusal } from './refusal.ts';
export { type CountQuery, MaskingStatistics, type RuleCount } from './statistics.ts';
export { type Sample, type Trial, type TrialRules, tryMasking } from './trial.ts';
export type { MaskAbout, MaskedMessage, Masking, MaskingStream, Released } from './types.ts';
