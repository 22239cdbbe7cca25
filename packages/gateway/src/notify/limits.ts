/** Between looks for what is to be sent: a job wakes sooner, this is for when it was lost. */
export const SWEEP_MS = 10_000;
/** Sent at a time; a slow receiver must not hold back the others for long. */
export const BATCH = 20;
/** One sending. */
export const SEND_MAX_MS = 10_000;
/** A row that is being sent is nobody else's for this long. */
export const CLAIM_MS = 60_000;
/** Waits between attempts double from the first to the last of these. */
export const RETRY_FIRST_MS = 2_000;
export const RETRY_MAX_MS = 30 * 60_000;
/** Some six hours; longer than any time limit that matters, and then it is said in the log. */
export const ATTEMPTS_MAX = 20;
/** Slack's own window for signatures, and ours: an older request is a replay. */
export const SIGNATURE_WINDOW_SECONDS = 300;
