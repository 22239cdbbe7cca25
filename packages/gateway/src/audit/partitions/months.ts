import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Store } from '../../store/index.ts';
import { MONTHS_LOOK_MS, MONTHS_MADE, MONTHS_RETRY_MS } from '../limits.ts';

/** Months since the year 0 of an instant, in UTC, which is what the log's partitions go by. */
export function monthOf(tsMs: number): number {
  const date = new Date(tsMs);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** When a month begins, milliseconds since 1970. */
export function beginOf(month: number): number {
  // Not Date.UTC: it takes the years 0 to 99 for those of the last century.
  return new Date(0).setUTCFullYear(Math.floor(month / 12), month % 12, 1);
}

interface MonthsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Makes the partitions of the next months ahead of time. Nothing waits for it and nothing is lost where it fails: an
 * entry of a month without a partition goes to the rest, and moves to its own when that has been made.
 */
export class Months {
  readonly #options: MonthsOptions;
  readonly #timer: NodeJS.Timeout;
  /** The newest entry's time, where that is ahead of the clock. */
  #newestMs: number;
  /** An entry from then on has no month yet, or too few behind its own. */
  #enoughUntilMs = Number.NEGATIVE_INFINITY;
  #retry: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #problem: string | undefined;
  #closed = false;

  private constructor(options: MonthsOptions, newestMs: number) {
    this.#options = options;
    this.#newestMs = newestMs;
    this.#timer = setInterval(() => void this.make(), MONTHS_LOOK_MS);
    this.#timer.unref();
  }

  /** Makes what is missing now. A failure is told and tried again, and does not keep the log from being opened. */
  static async open(options: MonthsOptions, newestMs: number): Promise<Months> {
    const months = new Months(options, newestMs);
    await months.make();
    return months;
  }

  /** An entry is written with this time: also one that no clock should have given gets its month. */
  look(tsMs: number): void {
    if (tsMs < this.#enoughUntilMs) return;
    this.#newestMs = Math.max(this.#newestMs, tsMs);
    // Asked once; what fails has its own way of being tried again.
    this.#enoughUntilMs = Number.POSITIVE_INFINITY;
    void this.make();
  }

  /** Why months could not be made the last time; undefined where they were. */
  problem(): string | undefined {
    return this.#problem;
  }

  make(): Promise<void> {
    this.#working = this.#working.then(() => (this.#closed ? undefined : this.#make()));
    return this.#working;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#retry);
    await this.#working;
  }

  async #make(): Promise<void> {
    const { store, clock, logger } = this.#options;
    const first = monthOf(Math.max(clock.now(), this.#newestMs));
    try {
      const { rows } = await store.pool.query<{ made: string[] }>(
        'SELECT audit_make_months($1, $2) AS made',
        [new Date(beginOf(first)), MONTHS_MADE],
      );
      const made = rows[0]?.made ?? [];
      if (made.length > 0) logger.info("partitions of the log's months were made", { months: made });
      if (this.#problem !== undefined) logger.info("partitions of the log's months can be made again");
      this.#problem = undefined;
      this.#enoughUntilMs = beginOf(first + 1);
    } catch (thrown) {
      const problem = errorText(thrown);
      if (this.#problem === undefined)
        logger.error("partitions of the log's next months could not be made; its entries go to the rest", {
          problem,
        });
      this.#problem = problem;
      if (this.#closed) return;
      this.#retry = setTimeout(() => void this.make(), MONTHS_RETRY_MS);
      this.#retry.unref();
    }
  }
}
