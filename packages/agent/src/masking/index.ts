/** Masking before data leaves the network: signed rules, the masking of sessions, and the values behind tokens. */
export { AgentMasking, type AgentMaskingOptions } from './masking.ts';
export type { RulesPart } from './rules.ts';
export type { GivenScope } from './scopes.ts';
export type { Released, SessionMasking } from './session.ts';
