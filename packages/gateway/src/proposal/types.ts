import type { CanonicalValue } from '@sallyport/shared/canonical-json';

export const PROPOSAL_STATES = ['proposed', 'confirmed', 'executed', 'refused', 'expired', 'failed'] as const;
/** `confirmed`: a second person agreed and it is being carried out; a crash there is made good at the next start. */
export type ProposalState = (typeof PROPOSAL_STATES)[number];

/** A change that one person asks for and another must confirm before it happens (NIST AC-3(2)). */
export interface Proposal {
  /** `prp_…` */
  readonly id: string;
  /** What kind of change, `shred`. */
  readonly kind: string;
  readonly state: ProposalState;
  readonly payload: CanonicalValue;
  /** SHA-256 of the canonical JSON of {kind, payload, reason}: what is confirmed. */
  readonly digest: string;
  readonly reason: string;
  readonly proposedBy: { readonly kind: 'service-account' | 'user'; readonly name: string };
  /** RFC 3339 instants. */
  readonly proposedAt: string;
  readonly expiresAt: string;
  readonly decidedBy?: string;
  readonly decidedAt?: string;
  readonly decisionReason?: string;
  /** What came of carrying it out, in words. */
  readonly outcome?: string;
}

/** Who proposes or decides. */
export interface Proposer {
  readonly kind: 'service-account' | 'user';
  readonly name: string;
  readonly token?: string;
  readonly sourceIp?: string;
}

/** How a kind of proposal is checked and carried out. */
export interface ProposalKind {
  /** What is wrong with a payload, in words; undefined where it may be proposed. */
  check(payload: CanonicalValue): string | undefined | Promise<string | undefined>;
  /**
   * Carries it out and says what was done. Must be safe to run again: a crash in the middle makes the next start do so.
   *
   * @throws where it can't be done; the proposal then has failed, with the error's message.
   */
  execute(payload: CanonicalValue, proposal: Proposal): Promise<string>;
}

/** The proposal room's door. */
export interface Proposals {
  register(kind: string, handler: ProposalKind): void;
  /** @throws ProposalError `invalid` or `unavailable` */
  propose(
    request: { kind: string; payload: CanonicalValue; reason: string },
    by: Proposer,
  ): Promise<Proposal>;
  /**
   * Confirms what has this digest, and carries it out.
   *
   * @throws ProposalError `not_found`, `own`, `conflict` or `unavailable`
   */
  confirm(id: string, digest: string, by: Proposer): Promise<Proposal>;
  refuse(id: string, reason: string, by: Proposer): Promise<Proposal>;
  get(id: string): Promise<Proposal | undefined>;
  list(query: ProposalQuery): Promise<Proposal[]>;
  close(): Promise<void>;
}

export interface ProposalQuery {
  readonly state?: ProposalState;
  readonly kind?: string;
  readonly after?: { readonly at: string; readonly id: string };
  readonly limit: number;
}
