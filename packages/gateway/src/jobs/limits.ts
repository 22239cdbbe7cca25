/** Looked at beside each other; a receiver that takes its ten seconds must not hold back an expiry. */
export const CONCURRENCY = 20;
/** Connections to Postgres: one listens, the others move jobs for a millisecond each. */
export const POOL_MAX_CONNECTIONS = 4;
/** A look that failed (the database or the log is away) is tried again this soon, then doubling. */
export const RETRY_FIRST_MS = 500;
/** Some four minutes; by then the sweeps have long looked. */
export const ATTEMPTS_MAX = 10;
/** How long a stop waits for looks under way. What is cut off is looked at again: each look reads what is so. */
export const CLOSE_MAX_MS = 3_000;
/** BullMQ's own log of events. Nothing here reads it. */
export const EVENTS_KEPT = 100;
/** Noting a wake: what takes longer is left to the sweep. */
export const REDIS_ANSWER_MAX_MS = 1_000;
/** Between attempts to reach Redis again, at most. */
export const RECONNECT_MAX_MS = 2_000;
/** Wakes that wait to be noted: some hundred bytes each. */
export const ADDING_MAX = 1_000;
