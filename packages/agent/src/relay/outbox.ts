import type { AgentFrame } from '@sallyport/proto';
import { FRAME_PAYLOAD_MAX_BYTES } from '@sallyport/shared/limits';
import { PARTS_IN_FLIGHT_MAX } from '../limits.ts';
import type { ChannelStream, Released } from './types.ts';

type FromServer = NonNullable<AgentFrame['fromServer']>;

type Queued = { readonly frame: AgentFrame } | { readonly message: Released; offset: number };

/**
 * Writes frames to a Channel stream in order and cuts large messages into parts. What doesn't fit waits here; the
 * owner is told to stop its source, so that what waits is bounded by what one read of the source brings.
 */
export class Outbox {
  readonly #stream: ChannelStream;
  readonly #onBlocked: () => void;
  readonly #onFlowing: () => void;
  #queue: Queued[] = [];
  #whenEmpty: (() => void) | undefined;
  #blocked = false;
  #partsInFlight = 0;
  #closed = false;

  constructor(stream: ChannelStream, onBlocked: () => void, onFlowing: () => void) {
    this.#stream = stream;
    this.#onBlocked = onBlocked;
    this.#onFlowing = onFlowing;
    stream.on('drain', () => this.#pump());
  }

  /** A small message on a flowing stream is one frame and one write; nothing else happens. */
  message(message: Released): void {
    if (this.#closed) return;
    if (!this.#blocked && message.payload.length <= FRAME_PAYLOAD_MAX_BYTES) {
      if (!this.#stream.write({ fromServer: lastPart(message, message.payload) })) this.#block();
      return;
    }
    this.#queue.push({ message, offset: 0 });
    if (!this.#blocked) this.#pump();
  }

  frame(frame: AgentFrame): void {
    if (this.#closed) return;
    if (this.#blocked) this.#queue.push({ frame });
    else if (!this.#stream.write(frame)) this.#block();
  }

  /** Drops the messages that wait. One that is partly written is cut off: the gateway never sees its last part. */
  drop(): void {
    this.#queue = [];
  }

  /** Nothing is written any more; what waits is dropped. */
  close(): void {
    this.#closed = true;
    this.#queue = [];
  }

  /** Calls back once all that waits has been handed to the stream. */
  whenEmpty(then: () => void): void {
    if (!this.#closed && this.#queue.length > 0) this.#whenEmpty = then;
    else then();
  }

  #block(): void {
    if (this.#blocked) return;
    this.#blocked = true;
    this.#onBlocked();
  }

  #pump(): void {
    if (this.#closed) return;
    let free = true;
    for (let next = this.#queue[0]; next !== undefined && free; next = this.#queue[0]) {
      if ('frame' in next) {
        this.#queue.shift();
        free = this.#stream.write(next.frame);
      } else free = this.#writeParts(next);
    }
    if (!free) {
      this.#block();
      return;
    }
    this.#whenEmpty?.();
    this.#whenEmpty = undefined;
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#onFlowing();
  }

  /** Writes parts of the first message in the queue. False when the stream has enough for now. */
  #writeParts(queued: { readonly message: Released; offset: number }): boolean {
    const { exchange, payload } = queued.message;
    for (;;) {
      if (this.#partsInFlight >= PARTS_IN_FLIGHT_MAX) return false;
      const end = Math.min(queued.offset + FRAME_PAYLOAD_MAX_BYTES, payload.length);
      const last = end === payload.length;
      const part = payload.subarray(queued.offset, end);
      queued.offset = end;
      if (last) this.#queue.shift();
      this.#partsInFlight += 1;
      const fromServer = last ? lastPart(queued.message, part) : { exchange, payload: part, last };
      const free = this.#stream.write({ fromServer }, () => this.#partWritten());
      if (last || !free) return free;
    }
  }

  #partWritten(): void {
    const full = this.#partsInFlight >= PARTS_IN_FLIGHT_MAX;
    this.#partsInFlight -= 1;
    if (full && this.#blocked) this.#pump();
  }
}

/** What the gateway learns of the masking comes with the last part. */
function lastPart({ payload: _whole, ...message }: Released, payload: Buffer): FromServer {
  return { ...message, findings: [...message.findings], payload, last: true };
}
