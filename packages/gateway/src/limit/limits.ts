/** Counters that are over are removed so often; the table then stays as small as what is counted now. */
export const CLEAR_EVERY_MS = 5 * 60_000;
/** Longest window: a calendar quarter. */
export const WINDOW_MAX_SECONDS = 92 * 24 * 60 * 60;
/** Names in one list of a limit. */
export const NAMES_MAX = 200;
/** Highest count or budget: what a double holds exactly. */
export const POINTS_MAX = Number.MAX_SAFE_INTEGER;
export const SCALE_MAX = 8;
