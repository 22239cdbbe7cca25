import type { Logger } from '../telemetry/index.ts';

/** How far a message got (tunnel.proto, Delivery). */
export type Delivery = 'DELIVERY_NOT_SENT' | 'DELIVERY_SENT' | 'DELIVERY_ANSWERED';

/** Closed codes of ExchangeEnded.error (tunnel.proto). Empty: it ended as it should. */
export type ExchangeError =
  | ''
  | 'http_status'
  | 'connect'
  | 'timeout'
  | 'too_large'
  | 'stream_broken'
  | 'bad_answer'
  | 'credential'
  | 'backlog'
  | 'write';

/** Nothing more will come for an exchange. */
export interface ExchangeEnd {
  readonly exchange: number;
  readonly delivery: Delivery;
  readonly error: ExchangeError;
  /** In words. Never payload. */
  readonly detail: string;
  /** 0 where there was no HTTP answer. */
  readonly httpStatus: number;
  readonly errorBody?: Buffer;
}

/** Why a session ended (tunnel.proto, SessionEnded). */
export type EndReason = 'exited' | 'crashed' | 'closed' | 'lost' | 'guard' | 'ended';

/** What a server connection tells. Messages come whole and in the order in which the server sent them. */
export interface ServerEvents {
  /** One message. `exchange` is 0 where the transport doesn't tell which request it belongs to. */
  message(exchange: number, payload: Buffer): void;
  exchangeEnded(end: ExchangeEnd): void;
  /** The server takes messages again after `send` has returned false. */
  drained(): void;
  /** Once, after the last message; also after `end`. */
  ended(reason: EndReason, detail: string): void;
}

export interface OutboundMessage {
  readonly exchange: number;
  /** Whole raw JSON of one message. The connection may change it in place. */
  readonly payload: Buffer;
  readonly expectsAnswer: boolean;
  /** MCP transport headers, HTTP only. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One connection to one server: a process, or an HTTP session. It serves one MCP session and no other. */
export interface ServerConnection {
  /** Gives the server a message. False: it is slow, wait for `drained` before the next. */
  send(message: OutboundMessage): boolean;
  /** Gives up an exchange: an HTTP request is closed, over stdio there is nothing to do. */
  cancel(exchange: number): void;
  /** Opens the stream of what the server says unasked (legacy Streamable HTTP). */
  listen(exchange: number, lastEventId: string): void;
  /** The channel broke: whatever still comes for the exchanges of before is dropped. */
  forgetExchanges(): void;
  /** Stops reading from the server. Idempotent. */
  pause(): void;
  resume(): void;
  /** Ends the connection; `urgent` skips courtesies. Resolves when nothing of it is left. Idempotent. */
  end(urgent: boolean): Promise<void>;
}

export type Era = 'legacy' | 'modern';

export interface OpenRequest<Definition> {
  readonly definition: Definition;
  readonly era: Era;
  /** Time limit to start or reach the server. */
  readonly timeoutMs: number;
  readonly events: ServerEvents;
  readonly log: Logger;
}

/** A mapping of agent.yaml, made ready to be presented. */
export type ValueSource =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'credential'; readonly reference: string; readonly format: string };

/** Reads credentials at their use. @throws Error with words. */
export type ResolveValues = (sources: Readonly<Record<string, ValueSource>>) => Record<string, string>;
