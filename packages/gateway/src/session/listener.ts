import { Inbox } from './inbox.ts';
import { UNHEARD_MAX_BYTES, UNHEARD_MAX_MESSAGES } from './limits.ts';
import type { Arrived } from './types.ts';

/**
 * What a server says unasked, for the one GET stream a legacy client may hold open. Until it listens the newest
 * messages are kept, within bounds.
 */
export class Listener {
  #inbox: Inbox<Arrived | undefined> | undefined;
  readonly #unheard: Arrived[] = [];
  #unheardBytes = 0;
  #waitingBytes = 0;

  get open(): boolean {
    return this.#inbox !== undefined;
  }

  /** Opens the stream; one that was open before ends. The caller reads `next` until undefined. */
  listen(): { next(): Promise<Arrived | undefined>; close(): void } {
    this.#inbox?.push(undefined);
    this.#waitingBytes = 0;
    const inbox = new Inbox<Arrived | undefined>(
      (message) => message?.raw.length ?? 0,
      (delta) => {
        if (this.#inbox === inbox) this.#waitingBytes += delta;
      },
    );
    this.#inbox = inbox;
    for (const message of this.#unheard.splice(0)) inbox.push(message);
    this.#unheardBytes = 0;
    return {
      next: () => inbox.next(),
      close: () => {
        if (this.#inbox === inbox) this.#inbox = undefined;
        inbox.push(undefined);
      },
    };
  }

  /** Returns the number of messages dropped to keep within the bounds. */
  say(message: Arrived): number {
    if (this.#inbox !== undefined) {
      this.#inbox.push(message);
      if (this.#waitingBytes <= UNHEARD_MAX_BYTES) return 0;
      // The client does not read its stream. It ends; what the server says next waits for a new one.
      this.end();
      return 1;
    }
    this.#unheard.push(message);
    this.#unheardBytes += message.raw.length;
    let dropped = 0;
    while (this.#unheard.length > UNHEARD_MAX_MESSAGES || this.#unheardBytes > UNHEARD_MAX_BYTES) {
      this.#unheardBytes -= this.#unheard.shift()?.raw.length ?? 0;
      dropped += 1;
    }
    return dropped;
  }

  /** Ends the stream that is open. */
  end(): void {
    this.#inbox?.push(undefined);
    this.#inbox = undefined;
    this.#waitingBytes = 0;
  }
}
