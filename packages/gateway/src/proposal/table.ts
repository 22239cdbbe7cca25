import type { CanonicalValue } from '@sallyport/shared/canonical-json';
import type { Proposal, ProposalQuery, ProposalState } from './types.ts';

/** What can run a statement: the pool, or a connection within a transaction. */
export interface Queryable {
  query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
}

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly state: ProposalState;
  readonly payload: CanonicalValue;
  readonly digest: string;
  readonly reason: string;
  readonly proposed_kind: 'service-account' | 'user';
  readonly proposed_by: string;
  readonly proposed_at: Date;
  readonly expires_at: Date;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly decision_reason: string | null;
  readonly outcome: string | null;
}

export async function insertProposal(db: Queryable, proposal: Proposal): Promise<void> {
  await db.query(
    `INSERT INTO proposals (id, kind, state, payload, digest, reason, proposed_kind, proposed_by, proposed_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      proposal.id,
      proposal.kind,
      proposal.state,
      JSON.stringify(proposal.payload),
      proposal.digest,
      proposal.reason,
      proposal.proposedBy.kind,
      proposal.proposedBy.name,
      proposal.proposedAt,
      proposal.expiresAt,
    ],
  );
}

/** Moves a proposal on from one state, by compare-and-set. Undefined where it is in another by now. */
export async function moveProposal(
  db: Queryable,
  id: string,
  from: ProposalState,
  to: ProposalState,
  step: { decidedBy?: string; decidedAtMs?: number; decisionReason?: string; outcome?: string },
): Promise<Proposal | undefined> {
  const { rows } = await db.query(
    `UPDATE proposals SET state = $3, decided_by = coalesce($4, decided_by), decided_at = coalesce($5, decided_at),
       decision_reason = coalesce($6, decision_reason), outcome = coalesce($7, outcome)
     WHERE id = $1 AND state = $2 RETURNING *`,
    [
      id,
      from,
      to,
      step.decidedBy ?? null,
      step.decidedAtMs === undefined ? null : new Date(step.decidedAtMs),
      step.decisionReason ?? null,
      step.outcome ?? null,
    ],
  );
  return rows.map(proposalOf)[0];
}

export async function loadProposal(db: Queryable, id: string): Promise<Proposal | undefined> {
  const { rows } = await db.query('SELECT * FROM proposals WHERE id = $1', [id]);
  return rows.map(proposalOf)[0];
}

/** Those that ran out, and those that were confirmed and not carried out to the end. */
export async function loadUnfinished(db: Queryable, nowMs: number): Promise<Proposal[]> {
  const { rows } = await db.query(
    `SELECT * FROM proposals WHERE (state = 'proposed' AND expires_at <= $1) OR state = 'confirmed' ORDER BY proposed_at LIMIT 100`,
    [new Date(nowMs)],
  );
  return rows.map(proposalOf);
}

export async function listProposals(db: Queryable, query: ProposalQuery): Promise<Proposal[]> {
  const { rows } = await db.query(
    `SELECT * FROM proposals
     WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR kind = $2)
       AND ($3::timestamptz IS NULL OR (proposed_at, id) < ($3, $4))
     ORDER BY proposed_at DESC, id DESC LIMIT $5`,
    [query.state ?? null, query.kind ?? null, query.after?.at ?? null, query.after?.id ?? null, query.limit],
  );
  return rows.map(proposalOf);
}

function proposalOf(row: unknown): Proposal {
  // Cast: the statements above select whole rows of this table.
  const {
    proposed_kind: kind,
    proposed_by: name,
    proposed_at: proposedAt,
    expires_at: expiresAt,
    decided_by: decidedBy,
    decided_at: decidedAt,
    decision_reason: decisionReason,
    outcome,
    ...rest
  } = row as Row;
  return {
    ...rest,
    proposedBy: { kind, name },
    proposedAt: proposedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    ...(decidedBy === null ? {} : { decidedBy }),
    ...(decidedAt === null ? {} : { decidedAt: decidedAt.toISOString() }),
    ...(decisionReason === null ? {} : { decisionReason }),
    ...(outcome === null ? {} : { outcome }),
  };
}
