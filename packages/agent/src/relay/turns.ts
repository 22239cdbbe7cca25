interface Turn {
  readonly wait: Promise<unknown>;
  readonly go: (value: unknown) => void;
}

/**
 * Keeps the order of what a server says where some of it must wait, as for an analyser. What has nothing to wait for,
 * and nothing before it that does, goes on at once.
 */
export class Turns {
  #queue: Turn[] = [];
  readonly #onEmpty: () => void;

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** `wait` must not reject. */
  take<T>(wait: Promise<T> | undefined, go: (value: T | undefined) => void): void {
    if (wait === undefined && this.#queue.length === 0) {
      go(undefined);
      return;
    }
    // Cast: what is waited for is what `go` takes.
    this.#queue.push({ wait: wait ?? Promise.resolve(undefined), go: go as Turn['go'] });
    if (this.#queue.length === 1) void this.#run(this.#queue);
  }

  /** What waits does not happen any more. */
  drop(): number {
    const dropped = this.#queue.length;
    this.#queue = [];
    return dropped;
  }

  async #run(queue: Turn[]): Promise<void> {
    for (let turn = queue[0]; turn !== undefined; turn = queue[0]) {
      const value = await turn.wait;
      if (queue !== this.#queue) return;
      turn.go(value);
      // What went on may have ended the session.
      if (queue !== this.#queue) return;
      queue.shift();
    }
    if (queue === this.#queue) this.#onEmpty();
  }
}
