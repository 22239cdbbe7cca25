/** Entries of the audit log as events for systems that watch. What proves itself is the entry's own text. */
export { cefLine } from './cef.ts';
export { type Leaf, ocsfEvent } from './ocsf.ts';
