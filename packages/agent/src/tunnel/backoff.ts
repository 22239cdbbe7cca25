/**
 * Full-jitter backoff: a random wait between 0 and a bound that doubles with each failure, so that many agents
 * that lost the same gateway don't come back at the same moment.
 */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(minMs: number, maxMs: number, random: () => number = Math.random) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** The next wait. Never zero, so that a refusal that comes at once can't spin. */
  nextMs(): number {
    const bound = Math.min(this.#maxMs, this.#minMs * 2 ** this.#failures);
    if (bound < this.#maxMs) this.#failures += 1;
    return Math.max(this.#minMs / 4, this.#random() * bound);
  }

  reset(): void {
    this.#failures = 0;
  }
}
