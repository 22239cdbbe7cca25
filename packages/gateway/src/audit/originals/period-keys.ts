import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Sealer, Store } from '../../store/index.ts';
import { unavailable } from '../errors.ts';
import { PERIOD_AHEAD_MS, PERIOD_KEYS_LOOK_MS } from '../limits.ts';

/** The month of an instant, `2026-11`. */
export function periodOf(tsMs: number): string {
  return new Date(tsMs).toISOString().slice(0, 7);
}

/**
 * Keys of the months, sealed with the master key in the database. The current one is held in memory, so that sealing a
 * request costs no query; the next one is made days ahead.
 */
export class PeriodKeys {
  readonly #store: Store;
  readonly #sealer: Sealer;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #keys = new Map<string, KeyObject>();
  #timer: NodeJS.Timeout | undefined;

  private constructor(parts: { store: Store; sealer: Sealer; clock: Clock; logger: Logger }) {
    this.#store = parts.store;
    this.#sealer = parts.sealer;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  /**
   * Makes or opens the current key. Every key there is must open with this master key: one that doesn't means that
   * originals can't be read, and it is better to know that before serving than when an examiner asks.
   *
   * @throws StoreError `key_mismatch` with the id of the master key it needs, or `sealed_damaged`.
   */
  static async open(parts: {
    store: Store;
    sealer: Sealer;
    clock: Clock;
    logger: Logger;
  }): Promise<PeriodKeys> {
    const keys = new PeriodKeys(parts);
    const { rows } = await parts.store.pool.query<{ period: string; sealed: Buffer }>(
      'SELECT period, sealed FROM audit_period_keys ORDER BY period',
    );
    for (const { period, sealed } of rows) parts.sealer.unseal(nameOf(period), sealed).fill(0);
    await keys.#ensureCurrent();
    keys.#timer = setInterval(() => {
      keys.#ensureCurrent().catch((error: unknown) => {
        keys.#logger.warn('the key of the next period is not made yet', { reason: errorText(error) });
      });
    }, PERIOD_KEYS_LOOK_MS);
    keys.#timer.unref();
    return keys;
  }

  /** @throws AuditError `unavailable` where it is not in memory: nothing is recorded without its original sealed. */
  current(tsMs: number): { readonly period: string; readonly key: KeyObject } {
    const period = periodOf(tsMs);
    const key = this.#keys.get(period);
    if (key === undefined) throw unavailable(`the key of the period ${period} is not at hand`);
    return { period, key };
  }

  /** The key of any period, for reading. @throws AuditError `unavailable`, StoreError */
  async read(period: string): Promise<KeyObject> {
    const known = this.#keys.get(period);
    if (known !== undefined) return known;
    const sealed = await this.#load(period);
    if (sealed === undefined) throw unavailable(`there is no key of the period ${period}`);
    return this.#open(period, sealed);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#keys.clear();
  }

  async #ensureCurrent(): Promise<void> {
    const now = this.#clock.now();
    // The month before too: an entry's time is not before the last one's, also when the clock was set back over its end.
    const wanted = [periodOf(now - PERIOD_AHEAD_MS), periodOf(now), periodOf(now + PERIOD_AHEAD_MS)];
    for (const period of new Set(wanted)) {
      if (!this.#keys.has(period)) this.#keys.set(period, await this.#make(period));
    }
  }

  async #make(period: string): Promise<KeyObject> {
    let sealed = await this.#load(period);
    if (sealed === undefined) {
      await this.#store.pool.query(
        'INSERT INTO audit_period_keys (period, sealed, created_at) VALUES ($1, $2, now()) ON CONFLICT DO NOTHING',
        [period, this.#sealer.seal(nameOf(period), randomBytes(32))],
      );
      sealed = await this.#load(period);
    }
    if (sealed === undefined) throw unavailable(`the key of the period ${period} was not stored`);
    return this.#open(period, sealed);
  }

  #open(period: string, sealed: Buffer): KeyObject {
    const bytes = this.#sealer.unseal(nameOf(period), sealed);
    const key = createSecretKey(bytes);
    bytes.fill(0);
    return key;
  }

  async #load(period: string): Promise<Buffer | undefined> {
    const { rows } = await this.#store.pool.query<{ sealed: Buffer }>(
      'SELECT sealed FROM audit_period_keys WHERE period = $1',
      [period],
    );
    return rows[0]?.sealed;
  }
}

function nameOf(period: string): string {
  return `audit-period/${period}`;
}
