/** Bounds of the masking room. Units are last in the names. */

/** How often counts are written: a person who looks at them sees a flush anyway. */
export const COUNTS_FLUSH_MS = 10_000;

/** Kinds of findings that wait to be written. Rules, servers and carriers are few; beyond it something invents names. */
export const COUNTS_WAITING_MAX = 10_000;

/** Of a name in the statistics. Names come from documents and from agents. */
export const NAME_MAX_CHARACTERS = 128;
