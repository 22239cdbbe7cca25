/** Bounds of the admin API. Units are last in the names. */

/** Largest request body. Configuration as code of a large bank is a few hundred kilobytes; more is a mistake. */
export const BODY_MAX_BYTES = 1024 * 1024;

/** Deepest nesting of a body: specs and policy arguments have no use for more, and walking it stays cheap. */
export const BODY_MAX_DEPTH = 64;

/** Documents in one apply: each one is a line of the plan and an entry in the log. */
export const APPLY_MAX_DOCUMENTS = 2_000;

/** YAML aliases resolved in one document: enough for shared lists, too few for a "billion laughs". */
export const YAML_MAX_ALIASES = 100;

export const PAGE_DEFAULT_ITEMS = 100;

/** One less than the log's own limit of a search, so that one more can be asked for to know whether a next page exists. */
export const PAGE_MAX_ITEMS = 499;

/** A token shorter than this has expired before a person has pasted it. */
export const TOKEN_MIN_SECONDS = 60;

/** A token must be renewed within a year, leap years included: access is reviewed at least that often. */
export const TOKEN_MAX_SECONDS = 366 * 24 * 3600;

/** An enrolment token is for carrying to one machine: a week is long enough for a change window. */
export const AGENT_TOKEN_MAX_SECONDS = 7 * 24 * 3600;

export const AGENT_TOKEN_DEFAULT_SECONDS = 3600;

/** Groups or roles in one request. */
export const MEMBERSHIPS_MAX_ITEMS = 100;

/** Names of people and accounts may be long (e-mail, distinguished names), but not unbounded. */
export const NAME_MAX_CHARS = 256;

/** Sample in one test of masking: a large answer of a server. */
export const MASKING_SAMPLE_MAX_CHARS = 512 * 1024;

/** Rules tried together. */
export const MASKING_TRIAL_MAX_RULES = 100;

/** Cedar text in one check. */
export const CEDAR_MAX_CHARS = 256 * 1024;

/** What is kept of a client's User-Agent in an entry. */
export const CLIENT_NAME_MAX_CHARS = 200;

/**
 * Waits between attempts of a change where another replica was faster. The last is longer than it takes that change
 * to be known here: a second, should its notice be lost.
 */
export const CONFLICT_WAITS_MS = [20, 100, 500, 1_200];

/** How long the pages of a begun export may be read: a log of years over a slow line takes hours. */
export const EXPORT_MAX_AGE_MS = 12 * 3_600_000;

/** Exports under way at a time; the oldest is forgotten for a new one. */
export const EXPORTS_MAX_OPEN = 20;

/** Bodies or originals in a page of an export; one has up to 256 KiB. */
export const KEPT_PAGE_ITEMS = 50;

/** Receipts in a page of an export; one has some 300 bytes. */
export const RECEIPTS_PAGE_ITEMS = 5_000;

/** Checkpoints in a page of an export; a note has some 400 bytes. */
export const EXPORT_PAGE_CHECKPOINTS = 2_000;
