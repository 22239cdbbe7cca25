import type { Clock } from '@sallyport/shared/clock';
import { FAILURE_WINDOW_MS, FAILURES_PER_SOURCE_MAX, SOURCES_MAX } from './limits.ts';

interface Window {
  until: number;
  failures: number;
}

/** Counts failures per source address in fixed windows, with bounded memory. */
export class FailureLimit {
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Charges a try before it is made, so that many at once cannot all slip through; false: too many have failed.
   * A try that succeeds is given back with `refund`.
   */
  charge(source: string): boolean {
    const window = this.#window(source);
    window.failures += 1;
    return window.failures <= FAILURES_PER_SOURCE_MAX;
  }

  refund(source: string): void {
    const window = this.#window(source);
    window.failures = Math.max(0, window.failures - 1);
  }

  /** True for the first failure above the limit in a window: it is recorded, those after it are not. */
  justPassed(source: string): boolean {
    return this.#window(source).failures === FAILURES_PER_SOURCE_MAX + 1;
  }

  #window(source: string): Window {
    const now = this.#clock.monotonicMs();
    let window = this.#windows.get(source);
    if (window === undefined || now >= window.until) {
      window = { until: now + FAILURE_WINDOW_MS, failures: 0 };
      // Deleted first, so that the map's order is the order of windows and the first key is the oldest.
      this.#windows.delete(source);
      this.#windows.set(source, window);
      const oldest = this.#windows.keys().next().value;
      if (this.#windows.size > SOURCES_MAX && oldest !== undefined) this.#windows.delete(oldest);
    }
    return window;
  }
}
