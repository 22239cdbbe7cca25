interface Turn {
  readonly wait: Promise<unknown>;
  readonly go: (value: unknown) => void;
}

export interface TurnsOptions {
  /** So many may wait before the source is told to stop. */
  readonly before: number;
  readonly pause: () => void;
  readonly resume: () => void;
}

/**
 * Keeps an order where some of it must wait, as for an analyser or a receipt. What has nothing to wait for, and nothing
 * before it that does, goes on at once.
 */
export class Turns {
  readonly #options: TurnsOptions;
  #queue: Turn[] = [];
  #paused = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
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
    if (this.#queue.length < this.#options.before || this.#paused) return;
    this.#paused = true;
    this.#options.pause();
  }

  /** What waits does not happen any more. @returns how much that was */
  drop(): number {
    const dropped = this.#queue.length;
    this.#queue = [];
    this.#paused = false;
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
    if (!this.#paused) return;
    this.#paused = false;
    this.#options.resume();
  }
}
