/** The store's bounds. Units are last in the names. */

/** Connections in the pool. The gateway's queries are short; more only contend for two or four cores. */
export const POOL_MAX_CONNECTIONS = 10;

/** Connections the embedded Postgres takes: pool, log, listener, job queue, a command line and room to look inside. */
export const EMBEDDED_MAX_CONNECTIONS = 50;

/** Longest wait for a connection: an answer of "unavailable" is better than a request that hangs. */
export const CONNECT_MAX_MS = 5_000;

/** Longest statement. None of ours needs a tenth of it; a runaway search must not hold a connection. */
export const STATEMENT_MAX_MS = 20_000;

/** How long it is asked what became of a commit whose answer got lost: a restart of Postgres takes 50 ms. */
export const COMMIT_ASK_MAX_MS = 2_000;
export const COMMIT_ASK_EVERY_MS = 100;

/** How often the store asks Postgres whether it answers. */
export const PING_INTERVAL_MS = 1_000;

/** A ping that has no answer by then means that Postgres is not well. */
export const PING_MAX_MS = 3_000;

/** Waits between attempts to connect again: the first is short because a restart of Postgres takes 50 ms. */
export const RECONNECT_FIRST_MS = 100;
export const RECONNECT_MAX_MS = 5_000;

/** How long a start waits for a Postgres of the same folder that is still stopping. */
export const STOPPING_WAIT_MS = 15_000;

/** How long a Postgres that looks alive is given to show that it is stopping (its owner may have just died). */
export const LIVE_GRACE_MS = 3_000;

/** How long Postgres may take until it is ready: recovery after a crash replays up to `max_wal_size`. */
export const START_MAX_MS = 60_000;

/** Fast shutdown writes a checkpoint; after this the shutdown is an immediate one and the next start recovers. */
export const FAST_STOP_MAX_MS = 15_000;
export const IMMEDIATE_STOP_MAX_MS = 5_000;

/** Waits before Postgres is started again after it died by itself. */
export const RESTART_FIRST_MS = 1_000;
export const RESTART_MAX_MS = 30_000;

/** A Postgres that lived this long was well: the next wait is the first again. */
export const RESTART_FORGET_MS = 60_000;

/** Longest path of a socket folder: `sun_path` has 108 bytes and Postgres appends `/.s.PGSQL.5432`. */
export const SOCKET_FOLDER_MAX_BYTES = 90;

/** Postgres starts a new log file at this size; the oldest beyond the count are removed. */
export const SERVER_LOG_MAX_KILOBYTES = 10_240;
export const SERVER_LOG_MAX_FILES = 5;

/** Output of initdb or of a Postgres that does not start, kept for the error's detail. */
export const OUTPUT_TAIL_MAX_BYTES = 4_096;

/** A count on Redis is on the way of a call: an answer that takes longer is none. */
export const REDIS_ANSWER_MAX_MS = 1_000;
/** Between attempts to reach Redis again, at most: limits work again within seconds of its return. */
export const REDIS_RECONNECT_MAX_MS = 2_000;
