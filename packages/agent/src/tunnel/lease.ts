import type { Clock } from '@sallyport/shared/clock';
import { LEASE_MS_MAX } from '../limits.ts';

/**
 * The right to serve, counted by the monotonic clock from the last renewal's receipt. It runs on while the tunnel
 * is away: a partition ends it as surely as a silent gateway does (DESIGN.md §5).
 */
export class Lease {
  readonly #clock: Clock;
  readonly #onEnded: () => void;
  #durationMs = LEASE_MS_MAX;
  #endsAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, onEnded: () => void) {
    this.#clock = clock;
    this.#onEnded = onEnded;
  }

  get held(): boolean {
    return this.#timer !== undefined && this.#clock.monotonicMs() < this.#endsAt;
  }

  /** Welcome: the gateway says how long; more than LEASE_MS_MAX is never honoured. */
  grant(durationMs: number): void {
    this.#durationMs = Math.max(1, Math.min(durationMs, LEASE_MS_MAX));
    this.renew();
  }

  /** A renewal moves the end; the timer looks again when it fires, so renewing costs nothing. */
  renew(): void {
    this.#endsAt = this.#clock.monotonicMs() + this.#durationMs;
    this.#timer ??= setTimeout(() => this.#look(), this.#durationMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const leftMs = this.#endsAt - this.#clock.monotonicMs();
    if (leftMs > 0) {
      this.#timer = setTimeout(() => this.#look(), Math.ceil(leftMs));
      return;
    }
    this.#timer = undefined;
    this.#onEnded();
  }
}
