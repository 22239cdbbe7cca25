import { loadApproval } from './reading.ts';
import { approvalOf, COLUMNS } from './rows.ts';
import type { Approval, ApprovalState, Proof, Vote } from './types.ts';

/** What can run a statement: the pool, or a connection within a transaction. */
export interface Queryable {
  query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
}

export interface NewApproval extends Omit<Approval, 'state' | 'votes'> {
  readonly callKey: string;
  readonly subject: Buffer;
  readonly escalations: readonly { readonly at: number; readonly flow: string; readonly index: number }[];
}

/** Undefined where there is an open one of the same digest. */
export async function insertApproval(db: Queryable, made: NewApproval): Promise<Approval | undefined> {
  const { rows } = await db.query(
    `INSERT INTO approvals (id, kind, state, digest, call_key, requester_kind, requester, server, tool, method, grant_id,
       flows, rules, policies, policy_version, subject, requested_at, expires_at, escalations, escalates_at)
     VALUES ($1, $2, 'pending', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
     ON CONFLICT (digest) WHERE state IN ('pending', 'approved') DO NOTHING RETURNING ${COLUMNS}`,
    [
      made.id,
      made.kind,
      made.digest,
      made.callKey,
      made.requester.kind,
      made.requester.name,
      made.server,
      made.tool ?? null,
      made.method,
      made.grant ?? null,
      made.flows,
      JSON.stringify(made.rules),
      made.policies,
      made.policyVersion,
      made.subject,
      made.requestedAt,
      made.expiresAt,
      JSON.stringify(made.escalations),
      made.escalations[0] === undefined ? null : new Date(made.escalations[0].at),
    ],
  );
  return rows.map(approvalOf)[0];
}

export interface Move {
  readonly decidedAtMs?: number;
  readonly validUntilMs?: number;
  readonly endedAtMs?: number;
  readonly endReason?: string;
  readonly supersededBy?: string;
  readonly brokenBy?: string;
  readonly reviewUntilMs?: number;
  /** Only where it can still be used then, and is bound to this. */
  readonly usableAtMs?: number;
  readonly digest?: string;
}

/** Moves an approval on from one state, by compare-and-set. Undefined where it is in another by now. */
export async function moveApproval(
  db: Queryable,
  id: string,
  from: ApprovalState,
  to: ApprovalState,
  move: Move,
): Promise<Approval | undefined> {
  const { rows } = await db.query(
    `UPDATE approvals SET state = $3, decided_at = coalesce($4, decided_at), valid_until = coalesce($5, valid_until),
       ended_at = coalesce($6, ended_at), end_reason = coalesce($7, end_reason),
       superseded_by = coalesce($8, superseded_by), broken_by = coalesce($9, broken_by),
       review_until = coalesce($10, review_until)
     WHERE id = $1 AND state = $2 AND ($11::timestamptz IS NULL OR valid_until > $11) AND ($12::text IS NULL OR digest = $12)
     RETURNING ${COLUMNS}`,
    [
      id,
      from,
      to,
      instant(move.decidedAtMs),
      instant(move.validUntilMs),
      instant(move.endedAtMs),
      move.endReason ?? null,
      move.supersededBy ?? null,
      move.brokenBy ?? null,
      instant(move.reviewUntilMs),
      instant(move.usableAtMs),
      move.digest ?? null,
    ],
  );
  return rows.map(approvalOf)[0];
}

/** Holds the row until the transaction ends: deciders come one after another. */
export async function lockApproval(db: Queryable, id: string): Promise<Approval | undefined> {
  const locked = await db.query('SELECT 1 FROM approvals WHERE id = $1 FOR UPDATE', [id]);
  // Read only once it is held: what a decider before it wrote is then seen.
  return locked.rows.length === 0 ? undefined : loadApproval(db, id);
}

export async function insertVote(
  db: Queryable,
  vote: Omit<Vote, 'at' | 'method'> & {
    readonly approval: string;
    readonly digest: string;
    readonly proof: Proof;
    readonly atMs: number;
  },
): Promise<boolean> {
  const { rows } = await db.query(
    `INSERT INTO approval_decisions (approval, decider_kind, decider, seat, effect, digest, reason, proof, counts, decided_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING 1`,
    [
      vote.approval,
      vote.by.kind,
      vote.by.name,
      vote.seat,
      vote.effect,
      vote.digest,
      vote.reason ?? null,
      JSON.stringify(vote.proof),
      JSON.stringify(vote.counts),
      new Date(vote.atMs),
    ],
  );
  return rows.length === 1;
}

/** Takes the escalations that are due off the row; they are told in the same transaction. */
export async function takeEscalations(
  db: Queryable,
  id: string,
  nowMs: number,
): Promise<{ approval: Approval; due: { flow: string; index: number }[] } | undefined> {
  const { rows: found } = await db.query(
    `SELECT escalations FROM approvals WHERE id = $1 AND state = 'pending' AND escalates_at <= $2 FOR UPDATE`,
    [id, new Date(nowMs)],
  );
  // Cast: the statement selects it under this name; only insertApproval writes it.
  const all = (found[0] as { escalations: { at: number; flow: string; index: number }[] } | undefined)
    ?.escalations;
  if (all === undefined) return undefined;
  const left = all.filter(({ at }) => at > nowMs);
  const { rows } = await db.query(
    `UPDATE approvals SET escalations = $2, escalates_at = $3 WHERE id = $1 RETURNING ${COLUMNS}`,
    [id, JSON.stringify(left), left[0] === undefined ? null : new Date(left[0].at)],
  );
  const approval = rows.map(approvalOf)[0];
  return approval && { approval, due: all.filter(({ at }) => at <= nowMs) };
}

/** Once: the second who would tell it finds that it was. */
export async function markTold(db: Queryable, id: string, atMs: number): Promise<boolean> {
  const { rows } = await db.query(
    'UPDATE approvals SET told_at = $2 WHERE id = $1 AND told_at IS NULL RETURNING 1',
    [id, new Date(atMs)],
  );
  return rows.length === 1;
}

export async function setResume(db: Queryable, id: string, nonce: string): Promise<boolean> {
  const { rows } = await db.query(
    `UPDATE approvals SET resume_nonce = $2 WHERE id = $1 AND state IN ('pending', 'approved') RETURNING 1`,
    [id, nonce],
  );
  return rows.length === 1;
}

export async function clearResume(db: Queryable, id: string, nonce: string): Promise<boolean> {
  const { rows } = await db.query(
    'UPDATE approvals SET resume_nonce = NULL WHERE id = $1 AND resume_nonce = $2 RETURNING 1',
    [id, nonce],
  );
  return rows.length === 1;
}

export async function markReviewed(
  db: Queryable,
  id: string,
  { by, note, atMs }: { by: string; note: string; atMs: number },
): Promise<Approval | undefined> {
  const { rows } = await db.query(
    `UPDATE approvals SET reviewed_at = $2, reviewed_by = $3, review_note = $4
     WHERE id = $1 AND review_until IS NOT NULL AND reviewed_at IS NULL RETURNING ${COLUMNS}`,
    [id, new Date(atMs), by, note],
  );
  return rows.map(approvalOf)[0];
}

function instant(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms);
}
