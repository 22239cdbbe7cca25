import type { AgentFrame__Output, GatewayFrame } from '@sallyport/proto';
import type { Message } from '@sallyport/shared/jsonrpc';

export type Era = 'legacy' | 'modern';

/** What an agent says of the masking of a message (tunnel.proto, FromServer). */
export interface AtAgent {
  readonly findings: readonly {
    readonly rule: string;
    readonly detector: string;
    readonly entity: string;
    readonly carrier: string;
    readonly count: number;
  }[];
  /** 0: the agent masks by no rules. */
  readonly rulesVersion: number;
  /** Why the server's own message stayed at the agent; empty where it did not. */
  readonly withheld: string;
}

/** A message that came through a tunnel, or one that the gateway made itself and that no agent has seen. */
export interface Arrived extends Message {
  readonly atAgent?: AtAgent;
}

/** What decides which masking rules hold at the agent (tunnel.proto, MaskingScope). */
export interface AgentScope {
  readonly server: string;
  readonly tool: string;
  readonly groups: readonly string[];
  readonly rulesVersion: number;
}

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
  onUnasked(message: Arrived): void;
  /** The agent kept back something that no request awaits. */
  onWithheld(reason: string): void;
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
  readonly atAgent?: AtAgent;
}

/** What arrives for an exchange, in order. After `answer` or `end` nothing more comes. */
export type Arrival =
  | { readonly kind: 'interim'; readonly message: Arrived }
  | { readonly kind: 'answer'; readonly message: Arrived; readonly httpStatus: number }
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
