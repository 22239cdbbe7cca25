import type { Clock } from '@sallyport/shared/clock';
import { NEW_DEFINITIONS_PER_HOUR_MAX } from './limits.ts';

const HOUR_MS = 3_600_000;

/** Counts the new definitions of each server, so that none fills the database. */
export class NewDefinitions {
  readonly #clock: Clock;
  readonly #counts = new Map<string, { sinceMs: number; count: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False where these would be too many. */
  take(server: string, count: number): boolean {
    const now = this.#clock.monotonicMs();
    const known = this.#counts.get(server);
    const current = known !== undefined && now - known.sinceMs < HOUR_MS ? known : { sinceMs: now, count: 0 };
    this.#counts.set(server, current);
    if (current.count + count > NEW_DEFINITIONS_PER_HOUR_MAX) return false;
    current.count += count;
    return true;
  }
}
