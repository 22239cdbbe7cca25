import type { AgentFrame, GatewayFrame__Output } from '@sallyport/proto';
import type { Analysed } from '@sallyport/shared/masking';

/** How far a message got (tunnel.proto, Delivery). */
type Delivery = 'DELIVERY_NOT_SENT' | 'DELIVERY_SENT' | 'DELIVERY_ANSWERED';

/** The end of an exchange as a server connection tells it. */
export interface ExchangeEnd {
  readonly exchange: number;
  readonly delivery: Delivery;
  readonly error: string;
  readonly detail: string;
  readonly httpStatus: number;
  readonly errorBody?: Buffer;
}

/** What the relay hears from a server. */
export interface ServerEvents {
  message(exchange: number, payload: Buffer): void;
  exchangeEnded(end: ExchangeEnd): void;
  drained(): void;
  ended(reason: string, detail: string): void;
}

/** What the relay needs of a server. */
export interface ServerConnection {
  send(message: {
    readonly exchange: number;
    readonly payload: Buffer;
    readonly expectsAnswer: boolean;
    readonly headers: Readonly<Record<string, string>>;
  }): boolean;
  cancel(exchange: number): void;
  listen(exchange: number, lastEventId: string): void;
  forgetExchanges(): void;
  pause(): void;
  resume(): void;
  end(urgent: boolean): Promise<void>;
}

/** What decides which masking rules hold for a message (tunnel.proto, MaskingScope). */
export interface MaskingScope {
  readonly server: string;
  readonly tool: string;
  readonly groups: readonly string[];
  readonly rulesVersion: number;
}

/** What may leave in the place of a message of the server (tunnel.proto, FromServer). */
export interface Released {
  readonly exchange: number;
  readonly payload: Buffer;
  readonly findings: readonly {
    readonly rule: string;
    readonly detector: string;
    readonly entity: string;
    readonly carrier: string;
    readonly count: number;
  }[];
  readonly rulesVersion: number;
  readonly withheld: string;
}

/** What the relay needs of the masking of one session. Nothing leaves that has not been through it. */
export interface SessionMasker {
  toServer(sent: {
    readonly exchange: number;
    readonly payload: Buffer;
    readonly headers: Readonly<Record<string, string>>;
    readonly scope: MaskingScope | undefined;
  }): { readonly payload: Buffer } | { readonly error: string; readonly detail: string };
  /** What must be found out before a message or an error's body can be masked; undefined where nothing must. */
  analysis(exchange: number, payload: Buffer): Promise<Analysed | undefined> | undefined;
  fromServer(exchange: number, payload: Buffer, analysed?: Analysed): readonly Released[];
  errorBody(exchange: number, body: Buffer, analysed?: Analysed): Released;
  exchangeEnded(exchange: number): readonly Released[];
  releaseAll(): readonly Released[];
  drop(): void;
}

/** Makes the masking of a session. */
export type OpenMasker = (session: {
  readonly server: string;
  readonly release: (released: readonly Released[]) => void;
  readonly answerServer: (payload: Buffer) => void;
}) => SessionMasker;

export interface StartServer {
  readonly server: string;
  readonly era: 'legacy' | 'modern';
  readonly sessionId: string;
  readonly timeoutMs: number;
  readonly events: ServerEvents;
}

/**
 * Starts a server for a session. Refusals are thrown as a RelayRefusal.
 */
export type OpenServer = (request: StartServer) => Promise<ServerConnection>;

/** One Channel stream of gRPC, reduced to what the relay uses; gRPC's own stream fits. */
export interface ChannelStream {
  write(frame: AgentFrame, written?: () => void): boolean;
  end(): unknown;
  cancel(): void;
  pause(): unknown;
  resume(): unknown;
  on(event: 'data', listener: (frame: GatewayFrame__Output) => void): unknown;
  on(event: 'drain' | 'end' | 'status', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** The tunnel an order came through. Sessions belong to the one that asked for them last: its lease is theirs. */
export interface TunnelSide {
  readonly id: string;
  /** Opens a Channel stream on the same connection. */
  openChannel(): ChannelStream;
  refuse(channelId: string, code: RefusalCode, detail: string): void;
  /** News of a session's end for which no channel is open. */
  sessionEnded(sessionId: string, reason: string, detail: string): void;
}

export type RefusalCode =
  | 'REFUSAL_CODE_UNKNOWN_SERVER'
  | 'REFUSAL_CODE_SERVER_UNAVAILABLE'
  | 'REFUSAL_CODE_FORBIDDEN_BY_AGENT'
  | 'REFUSAL_CODE_SESSION_GONE'
  | 'REFUSAL_CODE_DRAINING'
  | 'REFUSAL_CODE_TOO_MANY_SESSIONS';

export interface OpenOrder {
  readonly channelId: string;
  readonly sessionId: string;
  readonly server: string;
  readonly era: 'legacy' | 'modern';
  readonly resume: boolean;
  readonly timeoutMs: number;
}
