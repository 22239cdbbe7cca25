/** Bounds of rules and plans that both ends keep. Units are last in the names. */

/** Scopes (server, tool, groups, direction) whose plan is remembered. Beyond it all are forgotten and found again. */
export const SCOPES_MAX = 4_096;

/** Compiled plans of one version. A deployment has as many as it has kinds of servers and groups; one takes 100 KB. */
export const PLANS_MAX = 256;

/** Characters of a whole rule set as JSON: dictionaries beyond it belong in a detector. Sent to every agent. */
export const RULE_SET_MAX_CHARACTERS = 8 * 1024 * 1024;

/**
 * Time that masking one message may take. The largest takes some 300 ms on the slowest machine measured; what takes
 * longer is a detector gone wrong, and the event loop is everybody's.
 */
export const MASK_MAX_MS = 2_000;

/**
 * How long a message that comes before an answer is held for what may follow it. Long enough for the next line of a
 * server that splits a value over two, too short for a person to notice.
 */
export const HOLD_MAX_MS = 100;
