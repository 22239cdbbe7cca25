import { EXECUTED_CALLS_MAX } from '../limits.ts';

/** Ids of the calls a session has executed: a call runs at most once (DESIGN.md §5). */
export class ExecutedCalls {
  readonly #ids = new Set<string>();

  /** False when the id was executed before. Call it before the first byte is given to the server. */
  begin(callId: string): boolean {
    if (this.#ids.has(callId)) return false;
    this.#ids.add(callId);
    if (this.#ids.size > EXECUTED_CALLS_MAX) {
      // A Set keeps the order of insertion: the first is the oldest.
      for (const oldest of this.#ids) {
        this.#ids.delete(oldest);
        break;
      }
    }
    return true;
  }
}
