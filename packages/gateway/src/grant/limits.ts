/** Longest grant where the Server document does not say: a working day. Standing access is a policy's business. */
export const DURATION_DEFAULT_MAX_SECONDS = 8 * 60 * 60;
/** Shortest: below it the answer may arrive after the grant has ended. */
export const DURATION_MIN_SECONDS = 60;

/** Tools named by one grant. */
export const TOOLS_MAX = 100;
/** Argument limits of one grant; each is checked at every call. */
export const ARGUMENT_LIMITS_MAX = 50;
/** Values of one `oneOf`. */
export const ONE_OF_MAX = 100;
export const VALUE_MAX_CHARACTERS = 500;
/** A reason that says nothing is none. */
export const REASON_MIN_CHARACTERS = 10;
export const REASON_MAX_CHARACTERS = 1_000;
export const TICKET_MAX_CHARACTERS = 100;
export const USES_MAX = 1_000_000;

/** Requests that wait, and grants in force, of one principal: an AI agent in a loop must not fill the table. */
export const OPEN_PER_PRINCIPAL_MAX = 50;
/** A request that nobody decides on within a day is withdrawn. */
export const REQUEST_WAITS_SECONDS = 24 * 60 * 60;

/** How often time limits are looked at and the table is read again: revocation is to stop the last byte within 5 s. */
export const TICK_MS = 1_000;
/** Grants held in memory. More than that is a sign of standing access in disguise; then none is granted. */
export const ACTIVE_MAX = 20_000;
/** Grants that end in one tick are settled this many at a time. */
export const EXPIRE_BATCH = 200;

/** PCI DSS 7.2.4: review at least every six months. */
export const REVIEW_EVERY_DAYS = 182;

/** Ended grants remembered so that a reading under way does not bring them back: a reading takes milliseconds. */
export const OVER_REMEMBERED = 10_000;
