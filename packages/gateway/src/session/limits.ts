/** Bounds of the session room. */

/** Bytes of server messages that wait for a slow client before the channel is paused. One large result fits. */
export const LINK_BACKLOG_MAX_BYTES = 1024 * 1024;

/** What a server says unasked while nobody listens: kept for the next listener, oldest dropped (and logged). */
export const UNHEARD_MAX_MESSAGES = 256;
export const UNHEARD_MAX_BYTES = 1024 * 1024;

/** Server processes for one modern session: another is started when two requests under way share an id. */
export const MODERN_LINKS_MAX = 8;

/** Requests under way in one session; more are refused so that one client can't hold unbounded memory. */
export const EXCHANGES_MAX = 256;

/** Sessions of one principal. A client that starts anew each time must not exhaust the agent. */
export const SESSIONS_PER_PRINCIPAL_MAX = 2_000;

/** Time for a server to be started or reached; slow interpreters need several seconds on a busy machine. */
export const OPEN_TIMEOUT_MS = 20_000;

/** How often time limits of calls and idle sessions are looked at. One timer for all, none per call. */
export const SWEEP_MS = 1_000;

/** `last_seen_at` is written at most this often per session: it only has to be right within the idle limit. */
export const SEEN_WRITE_MS = 30_000;

/** How long what was read is remembered of a principal: as long as a session may last by default. */
export const LABEL_MAX_MS = 12 * 60 * 60_000;

/** A label that is read again within this time is not written again; it ends at most so much sooner. */
export const LABEL_REFRESH_MS = 60_000;
