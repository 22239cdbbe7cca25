/** Bounds of the receipt room. Units are last in the names. */

/** How often an attached agent is asked for receipts. What is lost with an agent's disk meanwhile is this much. */
export const RECONCILE_EVERY_MS = 60_000;

/** How long an agent may take for one page: it reads a file of 4 MiB. */
export const ANSWER_MAX_MS = 10_000;

/** Pages of one comparison; an agent that has more goes on with the next. 5,000 pages are ten million calls. */
export const PAGES_MAX = 5_000;

/** Receipts compared with the log in one query. */
export const COMPARED_AT_ONCE = 5_000;

/**
 * An ending is compared only once it is this old: what was on its way to the agent when a tunnel broke has arrived or
 * is lost by then.
 */
export const SETTLED_AFTER_MS = 30_000;

/** Receipts without an intent that get an entry of their own; of more, their number is recorded. */
export const UNMATCHED_ENTRIES_MAX = 1_000;
