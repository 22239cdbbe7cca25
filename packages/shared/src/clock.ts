/** Where a room needs the time it takes a Clock, so that a test can move it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970-01-01 UTC. May jump: only for what is recorded or shown. */
  now(): number;
  /** Monotonic milliseconds from an unspecified origin: for every duration and time limit. */
  monotonicMs(): number;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};
