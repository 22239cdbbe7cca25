import { AnalyserError } from './errors.ts';

/** Lets so many pass at a time; the others wait in order, and beyond a bound are turned away. */
export class Turnstile {
  readonly #atOnce: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(atOnce: number, waitingMax: number) {
    this.#atOnce = atOnce;
    this.#waitingMax = waitingMax;
  }

  /** @throws AnalyserError `analyser_overloaded`, or what the work throws */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#atOnce) {
      if (this.#waiting.length >= this.#waitingMax) {
        throw new AnalyserError('analyser_overloaded', 'too much waits for the analyser already');
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#inside += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // Who waited takes the place of who leaves.
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }
}
