/** Bounds of the demo bank, each with its reason. */

/** One process serves one session (stdio) or a few (HTTP), and Postgres has 100 connections for all of them. */
export const POOL_CONNECTIONS_MAX = 2;
/** Idle processes must not hold connections: a hundred sessions may be open beside each other. */
export const POOL_IDLE_MS = 5_000;
/** A person waits for the answer; an unreachable database must be said soon. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** A query from a chat is not a batch job. */
export const STATEMENT_TIMEOUT_MS = 15_000;
/** Waiting for another process that seeds: seeding takes well under a second. */
export const SEED_TIMEOUT_MS = 30_000;

/** Rows of `run_query`: what fits into a model's context with sense. Further rows are read and dropped. */
export const QUERY_ROWS_MAX = 500;
/** Characters of one value of `run_query`. */
export const QUERY_CELL_CHARACTERS_MAX = 4_000;
export const QUERY_TEXT_CHARACTERS_MAX = 20_000;
export const PAGE_ROWS_MAX = 100;
export const PAGE_ROWS_DEFAULT = 20;
/** Lines of one exported statement: the busiest synthetic account has a few hundred. */
export const STATEMENT_LINES_MAX = 5_000;
/** One transfer, minor units. The bank's own last barrier; the gateway's policy is stricter. */
export const TRANSFER_MINOR_MAX = 1_000_000_000_00;

/** HTTP sessions of the legacy era held at once: each holds a server object of some 100 kB. */
export const HTTP_SESSIONS_MAX = 1_000;
export const HTTP_SESSION_IDLE_MS = 30 * 60_000;
export const HTTP_SWEEP_MS = 60_000;
/** Same as the SDK's own limit for a body. */
export const HTTP_BODY_BYTES_MAX = 4 * 1024 * 1024;
/** After this long a stop no longer waits for open responses. */
export const STOP_GRACE_MS = 2_000;
