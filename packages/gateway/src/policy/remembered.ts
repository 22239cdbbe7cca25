/**
 * A bounded map that forgets what was not used for longest, roughly: entries are in two generations, and when the
 * young one is full the old one is dropped. A use of an old entry makes it young. Cheaper than an exact order.
 */
export class Remembered<Value> {
  readonly #perGeneration: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** @param maxEntries over both generations. */
  constructor(maxEntries: number) {
    this.#perGeneration = Math.max(1, Math.floor(maxEntries / 2));
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.set(key, old);
    }
    return old;
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.#perGeneration && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
