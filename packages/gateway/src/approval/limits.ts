/** Requests of one principal that wait: an AI agent in a loop must not fill its approvers' day. */
export const PENDING_PER_REQUESTER_MAX = 100;
/** What an approver is shown of one call. More than this nobody reads, and it is not asked for. */
export const SUBJECT_MAX_CHARACTERS = 256 * 1_024;
export const REASON_MAX_CHARACTERS = 1_000;
/** Breaking glass without a reason that says something is not to be had. */
export const BREAK_REASON_MIN_CHARACTERS = 10;
/**
 * Between looks for what ran out or was escalated, and for decisions whose notice was lost. Jobs and notices are quicker;
 * this is for when they were lost, and lateness changes nothing: what ran out is neither decided nor used.
 */
export const TICK_MS = 10_000;
/** Until the grant room is told again, where its request has not noted its approval yet. */
export const TELL_AGAIN_MS = 200;
/** Rows settled in one look. */
export const TICK_BATCH = 200;
/** How long a requester that comes back is told how its last request of the same call ended. */
export const ENDS_TOLD_MS = 15 * 60_000;
/** Business hours are looked for no further ahead than this: a fortnight of holidays is a wrong document. */
export const HOURS_AHEAD_MAX_DAYS = 15;
