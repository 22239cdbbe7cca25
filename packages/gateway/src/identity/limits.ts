/** Longest Authorization header that is looked at: a token of ours has 70 characters. */
export const HEADER_MAX_CHARACTERS = 256;

/** Headers whose parsing is remembered. What they grant is checked on every request all the same. */
export const REMEMBERED_MAX = 10_000;

/** How often the tokens are read again even without a notice, so that a lost notice costs no more than this. */
export const RELOAD_MS = 1_000;

/** Longest life of a token. A credential that lives longer is not reviewed (PCI DSS 8.6.3). */
export const LIFETIME_MAX_MS = 366 * 24 * 60 * 60 * 1000;
