import {
  type RateLimiterAbstract,
  RateLimiterPostgres,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { RedisConnection, Store } from '../store/index.ts';

/** Where counts are kept: shared by all replicas. */
export type CounterPlace = { readonly pool: Store['pool'] } | { readonly redis: RedisConnection['client'] };

/** One window that is counted, for any number of keys. */
export class Counter {
  /** What the place is called towards people. */
  readonly place: 'Redis' | 'the database';
  readonly #limiter: RateLimiterAbstract;

  constructor(place: CounterPlace, name: string, max: number, seconds: number) {
    this.place = 'redis' in place ? 'Redis' : 'the database';
    const options = { keyPrefix: name, points: max, duration: seconds };
    this.#limiter =
      'redis' in place
        ? new RateLimiterRedis({ ...options, storeClient: place.redis, rejectIfRedisNotReady: true })
        : new RateLimiterPostgres({
            ...options,
            storeClient: place.pool,
            storeType: 'pool',
            tableName: 'limit_counters',
            tableCreated: true,
            clearExpiredByTimeout: false,
          });
  }

  /**
   * Takes points. Undefined where they were there; else the milliseconds until the window begins anew, with nothing
   * taken.
   *
   * @throws what the place throws: it is not known whether they were taken.
   */
  async take(key: string, points: number): Promise<{ readonly waitMs: number } | undefined> {
    try {
      await this.#limiter.consume(key, points);
      return undefined;
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      // The library counts what it refuses; a large amount that was refused must not use the budget up.
      await this.#limiter.reward(key, points);
      return { waitMs: refused.msBeforeNext };
    }
  }

  async give(key: string, points: number): Promise<void> {
    await this.#limiter.reward(key, points);
  }
}
