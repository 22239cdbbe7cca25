import type { Approval } from './types.ts';

type Settle = (approval: Approval) => void;

/** Who waits here for which approval. Small: a thousand held calls are a thousand closures. */
export class Waits {
  readonly #waiting = new Map<string, Set<Settle>>();

  ids(): string[] {
    return [...this.#waiting.keys()];
  }

  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Resolves when it is settled. @throws the signal's reason */
  wait(id: string, signal: AbortSignal): Promise<Approval> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const settlers = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, settlers);
      const leave = (): void => {
        signal.removeEventListener('abort', onAbort);
        settlers.delete(settle);
        if (settlers.size === 0 && this.#waiting.get(id) === settlers) this.#waiting.delete(id);
      };
      const settle: Settle = (approval) => {
        leave();
        resolve(approval);
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason);
      };
      settlers.add(settle);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  settle(approval: Approval): void {
    if (approval.state === 'pending') return;
    for (const settle of [...(this.#waiting.get(approval.id) ?? [])]) settle(approval);
  }
}
