import type { AgentControl, GatewayControl__Output, TunnelClient } from '@sallyport/proto';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What the agent proves itself with, and whom it trusts. */
export interface Credentials {
  readonly keyPem: string;
  readonly certificatePem: string;
  readonly authorityPem: string;
}

/** Opens a gRPC client of its own connection; without credentials' certificate only Enroll will answer. */
export type ConnectClient = (
  address: Address,
  trust: { readonly authorityPem: string; readonly keyPem?: string; readonly certificatePem?: string },
) => TunnelClient;

export type ChannelCall = ReturnType<TunnelClient['Channel']>;

/** An Attach stream as gRPC gives it. */
export type AttachCall = ReturnType<TunnelClient['Attach']>;

export type Control = AgentControl;
export type Order = GatewayControl__Output;
type Receipts = NonNullable<Control['receiptsPage']>;
type Witnessed = NonNullable<Control['witnessAnswer']>;

/** What a tunnel asks of the rest of the agent. */
export interface TunnelHandlers {
  readonly liveSessions: () => string[];
  readonly inventory: () => Control['inventory'];
  readonly openChannel: (order: NonNullable<Order['openChannel']>, side: Side) => void;
  readonly endSession: (sessionId: string, reason: string) => void;
  readonly probe: (server: string) => void;
  /** Countersigns a checkpoint of the gateway's audit log, or says why not. */
  readonly witness: (request: NonNullable<Order['witnessRequest']>) => Promise<Omit<Witnessed, 'number'>>;
  /** Receipts of executed calls, behind those that the gateway has. */
  readonly receipts: (asked: { readonly chain: string; readonly after: number }) => Omit<Receipts, 'number'>;
  /** The tools that a server defines, as a JSON array. @throws Error in words where there is no list */
  readonly listTools: (request: NonNullable<Order['listTools']>) => Promise<Buffer>;
  /** For one tunnel: takes parts of masking rules, and with the last one says what came of them. */
  readonly rulesTaker: () => (part: {
    readonly version: number;
    readonly payload: Buffer;
    readonly last: boolean;
    readonly signature: Buffer;
    readonly publicKey: Buffer;
  }) => { version: number; problem: string } | undefined;
  /** The lease of a tunnel has run out. Its sessions must be over when this returns. */
  readonly leaseEnded: (tunnelId: string) => void;
}

/** The way back to the gateway for one order, on the connection it came through. */
export interface Side {
  readonly id: string;
  openChannel(): ChannelCall;
  refuse(channelId: string, code: string, detail: string): void;
  sessionEnded(sessionId: string, reason: string, detail: string): void;
}
