/** The concurrencies of the issue: one caller, a team, and a burst. */
export const CONCURRENCIES = [1, 16, 64] as const;
/**
 * Sessions that the callers of a party share. `one`: all call the same server process, which every party then has one
 * of. `each`: every caller has a session of its own, and with it a server process, except at mcp-proxy, which has one
 * server for all, and at `direct`, which is one server.
 */
export const SESSIONS = { one: 1, each: 64 } as const;
export type Arrangement = keyof typeof SESSIONS;
/** Calls in one cell at most, so that no mistake can run away; ten times what any party reaches. */
export const CELL_CALLS_MAX = 1_000_000;
/** A single answer that takes longer is a hang, not a latency. */
export const CALL_TIMEOUT_MS = 30_000;
/** Sessions opened at a time; each may start a process, and 64 at once on two cores only wait for each other. */
export const OPENING_MAX = 4;
/** Bytes of text in each call, the size of a short tool answer. */
export const TEXT_BYTES = 200;

/**
 * Rounds, seconds per cell, and seconds of warm-up of each party before the first round: long enough for V8 to have
 * compiled what runs, at the party that does the most per call.
 */
export const FULL = { rounds: 3, cellSeconds: 5, warmUpSeconds: 9 } as const;
export const QUICK = { rounds: 1, cellSeconds: 2, warmUpSeconds: 4.5 } as const;

/** Clock ticks per second in /proc; Linux has had 100 on every architecture Node runs on. */
export const TICKS_PER_SECOND = 100;

/** What issue 2 demands of one run. */
export const MUST = {
  throughputAt16: 1.1,
  throughputAt64: 1.4,
  p50At1: 2.2,
  gatewayIdleBytes: 180e6,
  agentIdleBytes: 90e6,
  idleSessions: 100,
  holds: 1_000,
  holdsBytes: 50e6,
  holdsSlowdown: 1.5,
} as const;

/** What issue 3 allows the log to cost a call at one concurrent call, and rounds until the medians hold still. */
export const LOG_COST = { p50Ms: 2, cpuShare: 0.35, rounds: 5 } as const;

/**
 * Resident memory after a soak may exceed that after the warm-up by this much and no more: V8 moves by some
 * megabytes between collections, a leak of one object per call doesn't stop at that.
 */
export const SOAK = {
  concurrency: 16,
  sampleMs: 5_000,
  warmUpShare: 0.25,
  growthShare: 0.1,
  growthBytes: 12e6,
} as const;
