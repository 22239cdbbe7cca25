import { DETACHED_BYTES_MAX, DETACHED_MESSAGES_MAX } from '../limits.ts';
import type { Released } from './types.ts';

/** What a server says while its session has no channel: the latest of it, within bounds. */
export class DetachedMessages {
  #messages: Released[] = [];
  #sizeBytes = 0;
  #dropped = 0;

  add(message: Released): void {
    // A view of a larger read would keep all of that alive.
    this.#messages.push({ ...message, payload: Buffer.from(message.payload) });
    this.#sizeBytes += message.payload.length;
    while (this.#messages.length > DETACHED_MESSAGES_MAX || this.#sizeBytes > DETACHED_BYTES_MAX) {
      const oldest = this.#messages.shift();
      if (oldest === undefined) break;
      this.#sizeBytes -= oldest.payload.length;
      this.#dropped += 1;
    }
  }

  /** What was kept, in order, and how many were dropped before it. */
  take(): { messages: readonly Released[]; dropped: number } {
    const taken = { messages: this.#messages, dropped: this.#dropped };
    this.#messages = [];
    this.#sizeBytes = 0;
    this.#dropped = 0;
    return taken;
  }
}
