export { type AnalyserDefinition, Analysers } from './analysers.ts';
export type { Span } from './types.ts';
