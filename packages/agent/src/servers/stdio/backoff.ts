import type { Clock } from '@sallyport/shared/clock';
import {
  START_BACKOFF_MAX_MS,
  START_BACKOFF_MIN_MS,
  START_FAILURES_BEFORE_BACKOFF,
  START_HEALTHY_MS,
} from '../../limits.ts';

interface Failures {
  inARow: number;
  retryAt: number;
  why: string;
}

/**
 * Remembers servers that die as soon as they are started. While one waits, a new session is refused at once and
 * in words instead of costing another doomed process.
 */
export class StartBackoff {
  readonly #clock: Clock;
  readonly #maxMs: number;
  readonly #byServer = new Map<string, Failures>();

  /** `maxMs` 0 never makes anyone wait. */
  constructor(clock: Clock, maxMs: number = START_BACKOFF_MAX_MS) {
    this.#clock = clock;
    this.#maxMs = maxMs;
  }

  /** Words where the server should not be started now. */
  objection(server: string): string | undefined {
    const failures = this.#byServer.get(server);
    if (failures === undefined) return undefined;
    const waitMs = failures.retryAt - this.#clock.monotonicMs();
    if (waitMs <= 0) return undefined;
    const seconds = Math.ceil(waitMs / 1000);
    return `${server} failed to start ${failures.inARow} times in a row (${failures.why}); next attempt in ${seconds} s`;
  }

  /** A process ended. `livedMs` and whether it ever said something decide whether its start counts as failed. */
  ended(server: string, livedMs: number, spoke: boolean, why: string): void {
    if (spoke || livedMs >= START_HEALTHY_MS) {
      this.#byServer.delete(server);
      return;
    }
    const inARow = (this.#byServer.get(server)?.inARow ?? 0) + 1;
    const beyond = inARow - START_FAILURES_BEFORE_BACKOFF;
    const waitMs = beyond < 0 ? 0 : Math.min(this.#maxMs, START_BACKOFF_MIN_MS * 2 ** beyond);
    this.#byServer.set(server, { inARow, retryAt: this.#clock.monotonicMs() + waitMs, why });
  }

  /** The server's definition changed: what was true of the old one says nothing of the new one. */
  forget(server: string): void {
    this.#byServer.delete(server);
  }
}
