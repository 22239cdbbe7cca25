import type { ArgumentLimit } from './argument-limits.ts';

export type { ArgumentLimit } from './argument-limits.ts';

/** Where a grant is on its way. Only ever forward. */
export type GrantState =
  | 'requested' // waits for an approval
  | 'active'
  | 'refused'
  | 'withdrawn' // nobody decided in time, or the requester took it back
  | 'expired'
  | 'revoked' // by a person, or with the session it was bound to
  | 'used_up';

export interface GrantPrincipal {
  readonly kind: 'service-account' | 'user';
  readonly name: string;
}

/** What is asked for. */
export interface GrantTerms {
  readonly principal: GrantPrincipal;
  readonly server: string;
  /** Empty: every tool of the server. */
  readonly tools: readonly string[];
  readonly argumentLimits: readonly ArgumentLimit[];
  readonly reason: string;
  readonly ticket?: string;
  readonly durationSeconds: number;
  readonly usesMax?: number;
  /** The grant ends with this session. */
  readonly session?: string;
}

/** Just-in-time permission: who, which server and tools, argument limits, until when, why. */
export interface Grant extends GrantTerms {
  /** `grt_…` */
  readonly id: string;
  readonly state: GrantState;
  readonly uses: number;
  /** SHA-256 of the canonical JSON of the terms: what an approver consents to. */
  readonly termsDigest: string;
  /** RFC 3339 instants. */
  readonly requestedAt: string;
  readonly requestedBy: string;
  readonly requestUntil: string;
  readonly decidedAt?: string;
  readonly decidedBy?: string;
  readonly decisionReason?: string;
  readonly approval?: string;
  readonly expiresAt?: string;
  readonly endedAt?: string;
  readonly endReason?: string;
  readonly lastUsedAt?: string;
}

/** The fact that a policy may read as `context.grant`. */
export interface GrantFact {
  readonly id: string;
  readonly reason: string;
  readonly ticket?: string;
}

/** A call as a grant is matched with it. */
export interface GrantQuestion {
  readonly principal: GrantPrincipal;
  readonly server: string;
  /** What it acts on: the server itself (to connect), a tool by name, or another thing of the server. */
  readonly on: 'server' | 'other' | { readonly tool: string };
  readonly session: string;
  readonly arguments: (() => unknown) | undefined;
}

/** Who does something to a grant. */
export interface GrantActor extends GrantPrincipal {
  readonly token?: string;
  readonly sourceIp?: string;
}

/** The grant room's door. */
export interface Grants {
  /**
   * Asks for access: granted at once, or once approved, as policy says.
   *
   * @throws GrantError `invalid`, `denied`, `too_many` or `unavailable`; then nothing was granted.
   */
  request(terms: GrantTerms, by: GrantActor): Promise<Grant>;
  /** An approval of the terms was given or refused (approval room). Does nothing where the request has ended. */
  decided(id: string, decision: GrantDecision): Promise<void>;
  /** Terms no wider than those asked for, before they are granted. The approval is asked for anew. */
  narrow(id: string, terms: NarrowedTerms, by: GrantActor): Promise<Grant>;
  revoke(id: string, reason: string, by: GrantActor): Promise<Grant>;
  /**
   * The grant that permits this call now: the one that ends first of those that do. In memory and synchronous.
   * Undefined where there is none.
   */
  match(question: GrantQuestion): GrantFact | undefined;
  /** The same, whatever the arguments will be: for lists. */
  couldMatch(question: Omit<GrantQuestion, 'arguments'>): GrantFact | undefined;
  /**
   * Counts a use, durably, before the call is sent, and notes the session as working under the grant until
   * `release` is called: a grant that ends meanwhile ends the session.
   *
   * @throws GrantError `ended` where the grant no longer permits it.
   */
  use(id: string, session: string): Promise<{ release(): void }>;
  /** The session is over: grants that were bound to it end. */
  sessionEnded(session: string): void;
  get(id: string): Promise<Grant | undefined>;
  list(query: GrantQuery): Promise<Grant[]>;
  /** Called when what a principal may do on a server has changed: a grant begins or ends. */
  onChanged(listener: (change: GrantChange) => void): void;
  close(): Promise<void>;
}

export interface GrantDecision {
  readonly effect: 'approve' | 'refuse';
  readonly by: string;
  readonly reason: string;
  /** Flows that the approval satisfied. */
  readonly flows: readonly string[];
  readonly approval: string;
}

export interface NarrowedTerms {
  readonly tools?: readonly string[];
  readonly argumentLimits?: readonly ArgumentLimit[];
  readonly durationSeconds?: number;
  readonly usesMax?: number;
}

export interface GrantChange {
  readonly grant: Grant;
  readonly effect: 'began' | 'ended';
  /** Sessions that are working under it right now. */
  readonly sessions: readonly string[];
}

export interface GrantQuery {
  readonly state?: GrantState;
  readonly principal?: string;
  readonly server?: string;
  /** Keyset: behind this one, newest first. */
  readonly after?: { readonly requestedAt: string; readonly id: string };
  readonly limit: number;
}
