import type { Clock } from '@sallyport/shared/clock';
import type { Logger } from 'winston';
import type { AgentStore } from './storage.ts';

/** Seals bytes for storage and opens them again. `context` says what they are; they open under the same context alone. */
export interface Sealer {
  seal(plain: Uint8Array, context: string): Uint8Array;
  /** @throws anything, when the bytes were sealed with another key or context, or changed. */
  unseal(sealed: Uint8Array, context: string): Uint8Array;
}

/** An entry for the audit log, of this room's kinds. It fits audit's EntryDraft. */
export interface TunnelRecord {
  kind:
    | 'masking.rules_refused'
    | 'agent.enrolled'
    | 'agent.attached'
    | 'agent.lost'
    | 'auth.failure'
    | 'key.rotated';
  actor: { kind: 'agent' | 'anonymous' | 'gateway'; name: string };
  agent?: string;
  source?: { ip: string };
  fields: { [name: string]: string | number | boolean };
}

export interface TunnelOptions {
  readonly host: string;
  /** 0 stands for a free port; `Tunnel.port` tells which. */
  readonly port: number;
  /** DNS names and IP addresses agents may dial: the subject alternative names of the server's certificate. */
  readonly names: readonly string[];
  /** Identity of this replica. */
  readonly replica: string;
  /** Version of the gateway's program, for Welcome. */
  readonly gatewayVersion: string;
  /** Addresses of all replicas, host:port; empty where there is one. */
  readonly replicas?: () => readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: AgentStore;
  readonly sealer: Sealer;
  /** Resolves when the entry is durable. When it rejects, what it would have recorded does not happen. */
  readonly record: (entry: TunnelRecord) => Promise<unknown>;
  /** Which of the sessions that live at the agent the gateway no longer knows: the agent ends them. */
  readonly unknownSessions: (
    agent: string,
    live: readonly string[],
  ) => readonly string[] | Promise<readonly string[]>;
  /** Told when an agent is attached, with the verifier key it countersigns checkpoints with; empty where it has none. */
  readonly onAttached?: (attached: { readonly agent: string; readonly witnessKey: string }) => void;
  /** Told when an agent has said anew what its servers are. */
  readonly onInventory?: (agent: string) => void;
  /** What an agent must mask by, signed; undefined where there are no rules to hand out. */
  readonly maskingRules?: (agent: string) => {
    readonly version: number;
    readonly document: Buffer;
    readonly signature: Buffer;
    readonly publicKey: Buffer;
  };
  /** For tests and for operators with a rule of their own; the defaults are in limits.ts. */
  readonly agentCertificateLifetimeMs?: number;
  readonly serverCertificateLifetimeMs?: number;
  readonly leaseMs?: number;
  readonly leaseRenewalMs?: number;
  readonly helloMaxMs?: number;
}
