import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { AgentFrame__Output, GatewayFrame } from '@sallyport/proto';
import type { Channel } from './types.ts';

export type ChannelCall = ServerDuplexStream<AgentFrame__Output, GatewayFrame>;
export type ChannelClose = { reason: string; resumable: boolean };

/** What a channel tells the tunnel it belongs to. */
export interface ChannelEvents {
  /** It has closed: once, before its own listener hears of it. */
  onFinished(channel: ChannelStream): void;
  /** It was ended while the agent was not reading it, so the agent must be told on the control stream. */
  onEndedUnread(channel: ChannelStream, reason: string): void;
}

/**
 * The gateway's end of one Channel stream.
 *
 * Frames go from the gRPC stream to the one listener and back without a copy, a timer or a promise of their own.
 * Memory is bounded by the stream: Node holds at most 16 frames on each side (4 MiB of payload), HTTP/2 its window,
 * and then the writer is told to wait, here by `send` and at the agent by flow control.
 */
export class ChannelStream implements Channel {
  readonly id: string;
  readonly sessionId: string;
  readonly agent: string;
  readonly transport: 'stdio' | 'http' | 'sse';
  /** `address:port` of the connection the stream came over; as a rule the tunnel's own. */
  readonly peer: string;
  readonly #call: ChannelCall;
  readonly #events: ChannelEvents;
  #onFrame: ((frame: AgentFrame__Output) => void) | undefined;
  #onClose: ((close: ChannelClose) => void) | undefined;
  #close: ChannelClose | undefined;
  #sessionEnded: string | undefined;
  #paused = false;
  #gone = false;

  /** `call` is paused, and its ChannelHello has been read. */
  constructor(
    call: ChannelCall,
    facts: Pick<Channel, 'id' | 'sessionId' | 'agent' | 'transport'>,
    events: ChannelEvents,
  ) {
    this.id = facts.id;
    this.sessionId = facts.sessionId;
    this.agent = facts.agent;
    this.transport = facts.transport;
    this.peer = call.getPeer();
    this.#call = call;
    this.#events = events;
    call.on('end', () => {
      this.#finish(
        this.#sessionEnded === undefined ? 'closed by the agent' : this.#sessionEnded,
        this.#sessionEnded === undefined,
      );
    });
    call.on('cancelled', () => {
      this.#gone = true;
      this.#finish(this.#sessionEnded ?? 'connection lost', this.#sessionEnded === undefined);
    });
  }

  /** The stream itself has closed, whether or not the agent was still reading. */
  get gone(): boolean {
    return this.#gone;
  }

  send(frame: GatewayFrame): boolean {
    return this.#close === undefined && this.#call.write(frame);
  }

  onDrain(listener: () => void): void {
    this.#call.on('drain', listener);
  }

  onFrame(listener: (frame: AgentFrame__Output) => void): void {
    const first = this.#onFrame === undefined;
    this.#onFrame = listener;
    if (!first || this.#close !== undefined) return;
    this.#call.on('data', this.#receive);
    if (!this.#paused) this.#call.resume();
  }

  onClose(listener: (close: ChannelClose) => void): void {
    this.#onClose = listener;
    const close = this.#close;
    if (close !== undefined) queueMicrotask(() => listener(close));
  }

  pause(): void {
    this.#paused = true;
    if (this.#close === undefined) this.#call.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#onFrame !== undefined && this.#close === undefined) this.#call.resume();
  }

  end(reason: string): void {
    if (this.#close !== undefined) return;
    const unread = this.#call.writableLength > 0;
    this.#call.write({ endChannel: { reason } });
    // The frames above may sit behind a closed window for ever; a revoked session must end all the same.
    if (unread) this.#events.onEndedUnread(this, reason);
    this.#finish(reason, false);
  }

  /** Ends the channel from the tunnel's side, without ending the session at the agent. */
  abandon(reason: string, resumable: boolean): void {
    if (this.#close !== undefined) return;
    this.#call.emit('error', { code: status.UNAVAILABLE, details: reason });
    this.#finish(reason, resumable);
  }

  readonly #receive = (frame: AgentFrame__Output): void => {
    if (frame.kind === 'sessionEnded') {
      this.#sessionEnded = frame.sessionEnded?.reason || 'ended';
    } else if (frame.kind === 'hello') {
      this.abandon('the agent sent a second hello', false);
      return;
    }
    this.#onFrame?.(frame);
  };

  #finish(reason: string, resumable: boolean): void {
    if (this.#close !== undefined) return;
    this.#close = { reason, resumable };
    this.#call.off('data', this.#receive);
    this.#call.end();
    // Read and drop the rest, so that the stream can close.
    this.#call.resume();
    this.#events.onFinished(this);
    this.#onClose?.(this.#close);
  }
}
