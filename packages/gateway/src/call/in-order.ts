/** Interim messages of one call that may be on their way to the record at once: one flush takes them together. */
const UNDER_WAY_MAX = 64;

/**
 * Releases things in the order they came, while several are being made ready at once. Without it every progress
 * message would wait for a commit of its own.
 */
export class InOrder<T> {
  readonly #release: (ready: T) => Promise<void>;
  #tail: Promise<void> = Promise.resolve();
  #underWay = 0;

  constructor(release: (ready: T) => Promise<void>) {
    this.#release = release;
  }

  /** Resolves when there is room for another. @throws what making ready or releasing an earlier one threw */
  async add(ready: Promise<T>): Promise<void> {
    this.#underWay += 1;
    this.#tail = this.#tail.then(async () => {
      await this.#release(await ready);
      this.#underWay -= 1;
    });
    // Whoever adds or ends next gets the error; until then nobody else may take it for unhandled.
    this.#tail.catch(() => undefined);
    ready.catch(() => undefined);
    if (this.#underWay >= UNDER_WAY_MAX) await this.#tail;
  }

  /** Resolves when all have been released. @throws like `add` */
  end(): Promise<void> {
    return this.#tail;
  }
}
