/** A proposal waits three days: a weekend with a Monday. */
export const PROPOSAL_WAITS_MS = 3 * 24 * 60 * 60 * 1_000;
/** A reason that says nothing is none. */
export const REASON_MIN_CHARACTERS = 10;
export const REASON_MAX_CHARACTERS = 1_000;
/** A payload names things; it holds none. */
export const PAYLOAD_MAX_CHARACTERS = 256 * 1_024;
/** Between looks for proposals that ran out or were left half done. */
export const TICK_MS = 10_000;
