import type { FlowRules } from './flow.ts';

export const APPROVAL_STATES = [
  'pending',
  'approved',
  'denied',
  'expired', // nobody decided in time, or the approved call did not come in time
  'withdrawn', // the requester is gone or took it back
  'superseded', // what it was asked for has changed
  'used',
] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

export interface Person {
  readonly kind: 'service-account' | 'user';
  readonly name: string;
}

/**
 * How it was proven who decides. A new way, such as a passkey's assertion over the digest, is a new member; the
 * decision's step only stores what its door has verified.
 */
export type Proof =
  | { readonly method: 'token'; readonly token: string }
  | { readonly method: 'slack'; readonly notification: string; readonly user: string }
  | { readonly method: 'webhook'; readonly notification: string };

/** Who decides, as its door has verified it. */
export interface Decider extends Person {
  readonly groups: readonly string[];
  readonly proof: Proof;
  readonly sourceIp?: string;
}

export interface DecisionInput {
  readonly effect: 'approve' | 'deny';
  /** The digest of what the decider saw. */
  readonly digest: string;
  readonly reason?: string;
  /** Approves alone, as the flow's break-glass rule lets; reviewed afterwards. */
  readonly breakGlass?: boolean;
}

/** One decision that was made on an approval. */
export interface Vote {
  readonly by: Person;
  readonly seat: string;
  readonly effect: 'approve' | 'deny';
  readonly reason?: string;
  readonly method: Proof['method'];
  readonly counts: Readonly<Record<string, readonly number[]>>;
  readonly at: string;
}

/** Consent to one held call or request for access, bound to its digest. */
export interface Approval {
  /** `apr_…` */
  readonly id: string;
  readonly kind: 'call' | 'grant';
  readonly state: ApprovalState;
  readonly digest: string;
  readonly requester: Person;
  readonly server: string;
  readonly tool?: string;
  readonly method: string;
  readonly grant?: string;
  readonly flows: readonly string[];
  readonly rules: Readonly<Record<string, FlowRules>>;
  /** Policies that ask for it. */
  readonly policies: readonly string[];
  readonly policyVersion: string;
  /** RFC 3339 instants. */
  readonly requestedAt: string;
  readonly expiresAt: string;
  readonly decidedAt?: string;
  readonly validUntil?: string;
  readonly endedAt?: string;
  readonly endReason?: string;
  readonly supersededBy?: string;
  readonly votes: readonly Vote[];
  readonly breakGlass?: {
    readonly by: string;
    readonly reviewUntil: string;
    readonly reviewedAt?: string;
    readonly reviewedBy?: string;
    readonly note?: string;
  };
}

/** What an approver looks at. Sealed while it is stored. */
export interface Subject {
  /** The exact arguments, canonical: members in order, numbers as they stood. */
  readonly arguments: string;
  /** Our own reading of them. */
  readonly risk?: unknown;
  readonly reasons: readonly string[];
  /** Card security codes were left out: they are stored nowhere. */
  readonly codesLeftOut?: boolean;
}

/** A request for consent. */
export interface Ask {
  readonly kind: 'call' | 'grant';
  readonly digest: string;
  readonly callKey: string;
  readonly requester: Person & { readonly token?: string; readonly sourceIp?: string };
  readonly session?: string;
  readonly server: string;
  readonly tool?: string;
  readonly method: string;
  readonly grant?: string;
  readonly flows: readonly string[];
  readonly policies: readonly string[];
  readonly policyVersion: string;
  readonly subject: Subject;
}

export interface ApprovalQuery {
  readonly state?: ApprovalState;
  readonly requester?: string;
  readonly server?: string;
  /** Approved by breaking glass and not reviewed yet. */
  readonly unreviewed?: boolean;
  /** Keyset: behind this one, newest first. */
  readonly after?: { readonly requestedAt: string; readonly id: string };
  readonly limit: number;
}

/** What has happened to an approval, told to whoever is to be notified in the same transaction. */
export type ApprovalEvent = 'requested' | 'escalated' | 'decided' | 'broken' | 'ended';

/** The approval room's door. */
export interface Approvals {
  /**
   * The open request of this digest, or a new one; or how the last one ended, where its requester was not told yet.
   * What was asked for the same call in other circumstances is superseded.
   *
   * @throws ApprovalError where nobody can be asked: the call does not happen.
   */
  request(ask: Ask): Promise<Approval>;
  /** Resolves once it is no longer pending. @throws the signal's reason */
  wait(id: string, signal: AbortSignal): Promise<Approval>;
  /**
   * Spends an approval, once, before the intent is recorded: a crash behind it costs an approval, never one use more.
   * @throws ApprovalError `conflict` where it is not approved, was used or ran out
   */
  use(id: string, digest: string, by: Person): Promise<void>;
  /** Counts a decision. The loser of a race is told who was first. @throws ApprovalError */
  decide(id: string, input: DecisionInput, by: Decider): Promise<Approval>;
  /** The requester is gone, or takes it back. Does nothing where it has ended. */
  withdraw(id: string, reason: string): Promise<void>;
  /** What was asked is not what would happen now: it is never used. */
  supersede(id: string, reason: string): Promise<void>;
  /** The mandatory look at a call that was approved by breaking glass. */
  review(id: string, note: string, by: Person & { readonly token?: string }): Promise<Approval>;
  /** What only may come back once; undefined where the approval no longer waits. */
  newResume(id: string): Promise<string | undefined>;
  /** True once, for the nonce that was given out last. */
  takeResume(id: string, nonce: string): Promise<boolean>;
  /** Does what is due to one approval now. Resolves to when it is to be looked at again; undefined: not any more. */
  settle(id: string): Promise<number | undefined>;
  get(id: string): Promise<Approval | undefined>;
  list(query: ApprovalQuery): Promise<Approval[]>;
  /** What an approver looks at, and the requester's last call of the same tool that was approved. */
  subjectOf(approval: Approval): Promise<{ subject: Subject; last?: { id: string; subject: Subject } }>;
  /** Whether this person may decide on it now, or could have. */
  mayDecide(approval: Approval, by: Person & { readonly groups: readonly string[] }): boolean;
  close(): Promise<void>;
}
