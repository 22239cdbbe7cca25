/** Counters that are over are removed so often; the table then stays as small as what is counted now. */
export const CLEAR_EVERY_MS = 5 * 60_000;
