import { approvalOf, COLUMNS } from './rows.ts';
import type { Queryable } from './table.ts';
import type { Approval, ApprovalQuery, Person } from './types.ts';

export async function loadApproval(db: Queryable, id: string): Promise<Approval | undefined> {
  const { rows } = await db.query(`SELECT ${COLUMNS} FROM approvals WHERE id = $1`, [id]);
  return rows.map(approvalOf)[0];
}

/** The open one of this digest, or the last that ended since and whose requester was not told. */
export async function loadFor(
  db: Queryable,
  digest: string,
  endedSinceMs: number,
): Promise<Approval | undefined> {
  const { rows } = await db.query(
    `SELECT ${COLUMNS} FROM approvals
     WHERE digest = $1 AND (state IN ('pending', 'approved') OR (state IN ('denied', 'expired') AND told_at IS NULL AND ended_at > $2))
     ORDER BY state IN ('pending', 'approved') DESC, ended_at DESC LIMIT 1`,
    [digest, new Date(endedSinceMs)],
  );
  return rows.map(approvalOf)[0];
}

/** Open ones of the same call in other circumstances. */
export async function loadChanged(db: Queryable, callKey: string, digest: string): Promise<Approval[]> {
  const { rows } = await db.query(
    `SELECT ${COLUMNS} FROM approvals WHERE call_key = $1 AND digest <> $2 AND state IN ('pending', 'approved')`,
    [callKey, digest],
  );
  return rows.map(approvalOf);
}

export async function countPending(db: Queryable, requester: Person): Promise<number> {
  const { rows } = await db.query(
    `SELECT count(*)::int AS open FROM approvals WHERE requester_kind = $1 AND requester = $2 AND state = 'pending'`,
    [requester.kind, requester.name],
  );
  // Cast: the statement selects it under this name.
  return (rows[0] as { open: number } | undefined)?.open ?? 0;
}

/** What time has ended, or escalates. */
export async function loadDue(db: Queryable, nowMs: number, limit: number): Promise<Approval[]> {
  const { rows } = await db.query(
    `SELECT ${COLUMNS} FROM approvals
     WHERE (state = 'pending' AND (expires_at <= $1 OR escalates_at <= $1)) OR (state = 'approved' AND valid_until <= $1)
     ORDER BY requested_at LIMIT $2`,
    [new Date(nowMs), limit],
  );
  return rows.map(approvalOf);
}

/** Of these, the ids that wait no longer. */
export async function loadSettled(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const { rows } = await db.query(`SELECT id FROM approvals WHERE id = ANY($1) AND state <> 'pending'`, [
    ids,
  ]);
  return rows.map((row) => (row as { id: string }).id); // cast: the statement selects it under this name
}

/** Requests for access that are over and that the grant room has not taken up. */
export async function loadUntoldGrants(db: Queryable, limit: number): Promise<Approval[]> {
  const { rows } = await db.query(
    `SELECT ${COLUMNS} FROM approvals WHERE kind = 'grant' AND told_at IS NULL AND state IN ('approved', 'denied', 'expired')
     ORDER BY requested_at LIMIT $1`,
    [limit],
  );
  return rows.map(approvalOf);
}

/** Reviews of broken glass that are late, of any of these flows. */
export async function countLateReviews(
  db: Queryable,
  flows: readonly string[],
  nowMs: number,
): Promise<number> {
  const { rows } = await db.query(
    `SELECT count(*)::int AS late FROM approvals WHERE flows && $1 AND review_until <= $2 AND reviewed_at IS NULL`,
    [flows, new Date(nowMs)],
  );
  return (rows[0] as { late: number } | undefined)?.late ?? 0; // cast: the statement selects it under this name
}

export async function loadSubject(db: Queryable, id: string): Promise<Buffer | undefined> {
  const { rows } = await db.query('SELECT subject FROM approvals WHERE id = $1', [id]);
  return (rows[0] as { subject: Buffer } | undefined)?.subject; // cast: the statement selects it under this name
}

/** The requester's call of the same thing that was approved last before this one. */
export async function loadLastApproved(db: Queryable, approval: Approval): Promise<string | undefined> {
  const { rows } = await db.query(
    `SELECT id FROM approvals WHERE state IN ('approved', 'used') AND kind = $1 AND requester_kind = $2 AND requester = $3
       AND server = $4 AND method = $5 AND tool IS NOT DISTINCT FROM $6 AND id <> $7 AND requested_at <= $8
     ORDER BY decided_at DESC LIMIT 1`,
    [
      approval.kind,
      approval.requester.kind,
      approval.requester.name,
      approval.server,
      approval.method,
      approval.tool ?? null,
      approval.id,
      approval.requestedAt,
    ],
  );
  return (rows[0] as { id: string } | undefined)?.id; // cast: the statement selects it under this name
}

export async function listApprovals(db: Queryable, query: ApprovalQuery): Promise<Approval[]> {
  const { rows } = await db.query(
    `SELECT ${COLUMNS} FROM approvals
     WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR requester = $2) AND ($3::text IS NULL OR server = $3)
       AND (NOT $4::boolean OR (review_until IS NOT NULL AND reviewed_at IS NULL))
       AND ($5::timestamptz IS NULL OR (requested_at, id) < ($5, $6))
     ORDER BY requested_at DESC, id DESC LIMIT $7`,
    [
      query.state ?? null,
      query.requester ?? null,
      query.server ?? null,
      query.unreviewed ?? false,
      query.after?.requestedAt ?? null,
      query.after?.id ?? null,
      query.limit,
    ],
  );
  return rows.map(approvalOf);
}
