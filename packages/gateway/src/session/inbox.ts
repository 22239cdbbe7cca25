/**
 * A queue with one reader. `push` never waits: whoever fills it watches `size` through `onChange` and stops its
 * own source, which is how back-pressure reaches the server.
 */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #sizeOf: (item: T) => number;
  readonly #onChange: (deltaBytes: number) => void;
  #waiting: ((item: T) => void) | undefined;

  constructor(sizeOf: (item: T) => number, onChange: (deltaBytes: number) => void) {
    this.#sizeOf = sizeOf;
    this.#onChange = onChange;
  }

  push(item: T): void {
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      waiting(item);
      return;
    }
    this.#items.push(item);
    this.#onChange(this.#sizeOf(item));
  }

  /** The next item, now or when it comes. One call at a time. */
  next(): Promise<T> {
    if (this.#items.length > 0) {
      // Cast: there is one, and it may itself be undefined, which is how a stream is told its end.
      const item = this.#items.shift() as T;
      this.#onChange(-this.#sizeOf(item));
      return Promise.resolve(item);
    }
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}
