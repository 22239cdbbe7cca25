import type { AgentFrame__Output, GatewayFrame } from '@sallyport/proto';
import type { Message } from '@sallyport/shared/jsonrpc';

export type Era = 'legacy' | 'modern';

/** What this room needs of a channel; the tunnel room's Channel is one. */
export interface SessionChannel {
  readonly agent: string;
  readonly transport: 'stdio' | 'http' | 'sse';
  send(frame: GatewayFrame): boolean;
  onDrain(listener: () => void): void;
  onFrame(listener: (frame: AgentFrame__Output) => void): void;
  onClose(listener: (close: { reason: string; resumable: boolean }) => void): void;
  pause(): void;
  resume(): void;
  end(reason: string): void;
}

/** What a link tells the session it belongs to. */
export interface LinkEvents {
  /** A message that belongs to no exchange under way. */
  onUnasked(message: Message): void;
  /** A message that can't be read: dropped, because what can't be read can't be masked or recorded. */
  onUnreadable(problem: string): void;
  onClosed(close: { reason: string; resumable: boolean }): void;
}

/** Opens a channel for a session; rejects with an error whose `code` is the tunnel's. */
export type OpenChannel = (request: {
  agent: string;
  sessionId: string;
  server: string;
  era: Era;
  resume: boolean;
  timeoutMs: number;
}) => Promise<SessionChannel>;

/** How an exchange ended without an answer to its request. */
export interface ExchangeEnd {
  /** `not_sent`: not one byte reached the server. `unknown`: it did, or may have. */
  readonly delivery: 'not_sent' | 'unknown';
  /** The agent's code (tunnel.proto, ExchangeEnded.error), or `channel_lost`, `session_ended`, `timeout`. */
  readonly error: string;
  readonly detail: string;
  readonly httpStatus: number;
  /** The body of an HTTP error answer where it is a JSON-RPC message. */
  readonly errorBody: Buffer | undefined;
}

/** What arrives for an exchange, in order. After `answer` or `end` nothing more comes. */
export type Arrival =
  | { readonly kind: 'interim'; readonly message: Message }
  | { readonly kind: 'answer'; readonly message: Message; readonly httpStatus: number }
  | { readonly kind: 'end'; readonly end: ExchangeEnd };

/** Who a session belongs to, and what it connects. Fixed for its life. */
export interface SessionIdentity {
  readonly id: string;
  readonly era: Era;
  readonly principalKind: 'service-account' | 'user';
  readonly principal: string;
  readonly tokenId: string;
  /** Name of the Server document. */
  readonly server: string;
  readonly agent: string;
  /** Name of the server in the agent's configuration. */
  readonly agentServer: string;
  /** What the client calls itself; unverified. */
  readonly client: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly idleMs: number;
}
