import type { Clock } from '@sallyport/shared/clock';
import type { Approvals } from '../approval/index.ts';
import type { Audit } from '../audit/index.ts';
import type { Grants } from '../grant/index.ts';
import type { Identity } from '../identity/index.ts';
import type { Limits } from '../limit/index.ts';
import type { Masking } from '../masking/index.ts';
import type { Policy } from '../policy/index.ts';
import type { ServerSpec } from '../registry/index.ts';
import type { Labels, Sessions } from '../session/index.ts';
import type { Sealer } from '../store/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Tools } from '../tools/index.ts';
import type { ServerStatus } from '../tunnel/index.ts';
import type { LocatedFinding } from './findings.ts';

/** The doors that the corridor goes through. wire.ts fills it; nothing else knows all of them. */
export interface Rooms {
  readonly identity: Pick<Identity, 'authenticate'>;
  readonly sessions: Sessions;
  /** What principals have read. */
  readonly labels: Pick<Labels, 'of' | 'add'>;
  readonly policy: Pick<Policy, 'decide' | 'couldAllow' | 'riskOf' | 'version'>;
  readonly approval: Pick<
    Approvals,
    'request' | 'wait' | 'use' | 'withdraw' | 'supersede' | 'newResume' | 'takeResume'
  >;
  /** Seals what only this gateway may read again. */
  readonly sealer: Pick<Sealer, 'seal' | 'unseal'>;
  readonly grants: Pick<Grants, 'match' | 'couldMatch' | 'use' | 'request'>;
  readonly limits: Pick<Limits, 'admit'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly masking: Masking;
  /** Version of the masking rules that an agent must have to serve. */
  readonly agentRulesVersion: (agent: string) => number;
  readonly tools: Tools;
  /** The Server document of that name, as it is now; undefined also where it is switched off. */
  readonly server: (name: string) => ServerSpec | undefined;
  /** What an agent last said of a server. */
  readonly inventory: (agent: string, server: string) => ServerStatus | undefined;
  readonly attached: (agent: string) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The URL clients use, without a trailing slash. */
  readonly publicUrl: string;
  readonly counters: CallCounters;
}

/** What the corridor counts, for /metrics. */
export interface CallCounters {
  call(method: string, ending: string, durationMs: number): void;
  /** What was masked in one message. */
  masked(server: string, findings: readonly LocatedFinding[]): void;
  /** The gateway found what an agent had let through. */
  missed(server: string): void;
}

/** Where the answer of a request goes: one HTTP response. */
export interface Answer {
  /** Headers of the answer that are known before it is: an event stream carries them from its start. */
  announce(headers: Readonly<Record<string, string>>): void;
  /** Releases a message before the answer. Resolves when there is room for another. */
  interim(raw: Buffer): Promise<void>;
  /** Releases the answer, once. */
  final(reply: { status: number; body?: Buffer; headers?: Readonly<Record<string, string>> }): void;
  /** Called when the client has gone before the answer was released. */
  onGone(listener: () => void): void;
}
