import { type AuditError, unavailable } from './errors.ts';
import type { Unplaced } from './leaf.ts';
import {
  FLUSH_MAX_BYTES,
  FLUSH_MAX_ENTRIES,
  QUEUE_ENDINGS_FACTOR,
  QUEUE_MAX_BYTES,
  QUEUE_MAX_ENTRIES,
} from './limits.ts';
import type { Recorded } from './types.ts';

/** An entry and the caller who waits for it. */
export interface Waiting {
  readonly entry: Unplaced;
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (error: AuditError) => void;
}

/** Entries that wait for a flush, in the order of their calls, bounded. */
export class Queue {
  #waiting: Waiting[] = [];
  #bytes = 0;

  get length(): number {
    return this.#waiting.length;
  }

  /** @throws AuditError `unavailable` when too much waits. */
  add(waiting: Waiting): void {
    const factor = isEnding(waiting.entry.kind) ? QUEUE_ENDINGS_FACTOR : 1;
    if (this.#waiting.length >= QUEUE_MAX_ENTRIES * factor || this.#bytes >= QUEUE_MAX_BYTES * factor) {
      throw unavailable(`${this.#waiting.length} entries of ${this.#bytes} bytes wait`);
    }
    this.#waiting.push(waiting);
    this.#bytes += size(waiting);
  }

  /** The oldest, as many as one flush takes; at least one when any waits. */
  takeBatch(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      if (count === FLUSH_MAX_ENTRIES || (count > 0 && bytes + size(waiting) > FLUSH_MAX_BYTES)) break;
      count += 1;
      bytes += size(waiting);
    }
    this.#bytes -= bytes;
    if (count === this.#waiting.length) {
      const all = this.#waiting;
      this.#waiting = [];
      return all;
    }
    return this.#waiting.splice(0, count);
  }

  takeAll(): Waiting[] {
    const all = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    return all;
  }
}

/** Whether a kind ends a call: exactly one such entry stands behind each call.intent. */
export function isEnding(kind: string): boolean {
  return kind === 'call.outcome' || kind === 'call.indeterminate';
}

/** Characters of the leaf, near enough to its bytes, and what is kept with it. */
function size({ entry }: Waiting): number {
  const kept = (entry.body?.bytes.length ?? 0) + (entry.original?.sealed.length ?? 0);
  return entry.before.length + entry.after.length + kept;
}
