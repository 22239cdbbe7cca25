/** The verifier's bounds. Units are last in the names. */

/** Longest line of a file: a leaf has at most 262,144 bytes, a note far less. */
export const LINE_MAX_BYTES = 1_048_576;

/** Largest of the small files that are read whole; a manifest of 10 million entries has 40 KB. */
export const WHOLE_FILE_MAX_BYTES = 16 * 1_048_576;

/**
 * How much older than the last checkpoint the last one with a quorum may be when a policy is given: as long as a
 * gateway goes on without one by default.
 */
export const COSIGNED_AGE_MAX_MS = 15 * 60_000;

/** A checkpoint's time is in whole seconds, cut off; an entry in it may be later by less than that. */
export const CHECKPOINT_ROUNDING_MS = 1_000;

/**
 * An entry gets its time, then waits to be written: it may follow a checkpoint that is a little later than it. The
 * gateway gives up on a write after ten seconds; a minute leaves no doubt.
 */
export const ENTRY_WAIT_MAX_MS = 60_000;

/** How many calls are named in one line of a report. */
export const NAMED_MAX = 20;
