/** What servers say, made clean before anybody sees it: characters that hide, links, and the label of untrusted data. */
export { clean } from './clean.ts';
export { HygieneRefusal } from './errors.ts';
export type { Clean, HygieneFindings, HygieneRules } from './types.ts';
