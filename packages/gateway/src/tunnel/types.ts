import type { AgentFrame__Output, GatewayFrame } from '@sallyport/proto';
import type { ToolList, ToolQuestion } from './tool-questions.ts';

/** Codes of what can go wrong between the gateway and an agent. */
export type TunnelErrorCode =
  | 'agent_away' // no tunnel of the agent is attached to this replica
  | 'agent_refused' // the agent said no; its own words are in `detail`
  | 'unknown_server' // the agent has no server of that name
  | 'server_unavailable' // the agent could not start or reach the server
  | 'session_gone' // the session to resume is not alive at the agent
  | 'open_timeout'
  | 'draining';

/** What an agent said of one of its servers. */
export interface ServerStatus {
  readonly name: string;
  readonly transport: 'stdio' | 'http' | 'sse';
  /** Empty until probed. */
  readonly eras: readonly ('legacy' | 'modern')[];
  readonly protocolVersions: readonly string[];
  readonly serverName: string;
  readonly serverVersion: string;
  readonly problem: string;
  readonly probed: boolean;
}

export interface AgentStatus {
  readonly name: string;
  readonly attached: boolean;
  readonly agentVersion?: string;
  readonly protocol?: number;
  readonly bootId?: string;
  readonly attachedAt?: string;
  /** SHA-256 of the client certificate, hexadecimal. */
  readonly certificateFingerprint?: string;
  readonly certificateExpiresAt?: string;
  /** Milliseconds since the agent last answered a lease. */
  readonly leaseAgeMs?: number;
  /** Agent's clock less the gateway's, milliseconds, as of Hello. */
  readonly clockOffsetMs?: number;
  /** Version of the masking rules the agent has; absent where it has none. */
  readonly maskingRulesVersion?: number;
  /** Why it did not take the newest. */
  readonly maskingRulesProblem?: string;
  readonly servers: readonly ServerStatus[];
  readonly openChannels: number;
  readonly revoked: boolean;
}

/** One channel: the gateway's end of a session at an agent. */
export interface Channel {
  readonly id: string;
  readonly sessionId: string;
  readonly agent: string;
  /** Transport of the server behind it. */
  readonly transport: 'stdio' | 'http' | 'sse';
  /**
   * Queues a frame. False: the far end is slow, wait for `onDrain` before sending more.
   * After the channel has closed it does nothing and returns false; `onClose` has said so.
   */
  send(frame: GatewayFrame): boolean;
  onDrain(listener: () => void): void;
  /** One listener. Frames that arrived before it was set are delivered in order when it is. */
  onFrame(listener: (frame: AgentFrame__Output) => void): void;
  /** Called once, also when the channel has closed already. `resumable`: the session may live on at the agent. */
  onClose(listener: (close: { reason: string; resumable: boolean }) => void): void;
  /** Stops reading: HTTP/2 flow control then holds the agent back. Idempotent. */
  pause(): void;
  resume(): void;
  /** Ends the session at the agent, then the channel. */
  end(reason: string): void;
}

export interface OpenChannelRequest {
  readonly agent: string;
  readonly sessionId: string;
  /** Name in the agent's configuration. */
  readonly server: string;
  readonly era: 'legacy' | 'modern';
  readonly resume: boolean;
  readonly timeoutMs: number;
}

/** What an agent answered to a checkpoint it was asked to countersign (tunnel.proto, WitnessAnswer). */
export interface WitnessAnswer {
  readonly status: number;
  readonly body: string;
  readonly held: string;
}

/** A page of an agent's receipts (tunnel.proto, ReceiptsPage). */
export interface ReceiptsAnswer {
  readonly chain: string;
  /** Receipts in the chain. */
  readonly size: number;
  /** Hash of the last, hexadecimal. */
  readonly head: string;
  readonly lines: readonly string[];
  readonly problem: string;
}

/** The tunnel room's door. */
export interface Tunnel {
  /** Port it listens on, once started. */
  readonly port: number;
  /** @throws TunnelError with a code; never hangs longer than `timeoutMs`. */
  open(request: OpenChannelRequest): Promise<Channel>;
  /** What the agent last said of the server; undefined when the agent is away or has none of that name. */
  server(agent: string, name: string): ServerStatus | undefined;
  attached(agent: string): boolean;
  agents(): Promise<AgentStatus[]>;
  /** Hands out masking rules anew where they have changed. */
  pushMaskingRules(): void;
  /** Asks the agent to probe the server again; the answer arrives as an inventory. */
  probe(agent: string, server: string): void;
  createEnrolmentToken(request: {
    agent: string;
    expiresInMs: number;
    createdBy: string;
  }): Promise<{ id: string; token: string; expiresAt: string }>;
  /** Revokes the agent's certificates and cuts its tunnels at once. False when it is unknown. */
  revokeAgent(name: string): Promise<boolean>;
  /** Ends a session at its agent also when no channel is open. */
  endSession(agent: string, sessionId: string, reason: string): void;
  /** The agent said a session has ended while no channel carried the news, or a new boot id shows that all are gone. */
  onSessionsLost(
    listener: (lost: { agent: string; sessionIds: readonly string[] | 'all'; reason: string }) => void,
  ): void;
  /** Asks an agent what tools a server of its own defines. Never throws. */
  listTools(agent: string, question: ToolQuestion, maxMs: number): Promise<ToolList>;
  /** Asks an agent to countersign a checkpoint. Undefined when it is away or does not answer in time. */
  witness(
    agent: string,
    question: { readonly request: string; readonly logKeys: readonly string[] },
    maxMs: number,
  ): Promise<WitnessAnswer | undefined>;
  /** Asks an agent for receipts behind those that are known. Undefined when it is away or does not answer in time. */
  receipts(
    agent: string,
    known: { readonly chain: string; readonly after: number },
    maxMs: number,
  ): Promise<ReceiptsAnswer | undefined>;
  /** SHA-256 of the authority's certificate (DER), hexadecimal: part of enrolment tokens. */
  readonly authorityFingerprint: string;
  /** Tells the agents to go elsewhere, waits for open channels up to the limit, then stops. */
  stop(graceMs: number): Promise<void>;
}
