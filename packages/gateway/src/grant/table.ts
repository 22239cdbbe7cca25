import { GrantError } from './errors.ts';
import type { ArgumentLimit, Grant, GrantQuery, GrantState, GrantTerms } from './types.ts';

/** What can run a statement: the pool, or a connection within a transaction. */
export interface Queryable {
  query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
}

interface Row {
  readonly id: string;
  readonly state: GrantState;
  readonly principal_kind: 'service-account' | 'user';
  readonly principal: string;
  readonly server: string;
  readonly tools: string[];
  readonly argument_limits: ArgumentLimit[];
  readonly reason: string;
  readonly ticket: string | null;
  readonly duration_seconds: number;
  readonly uses_max: number | null;
  readonly uses: number;
  readonly session: string | null;
  readonly terms_digest: string;
  readonly requested_at: Date;
  readonly requested_by: string;
  readonly request_until: Date;
  readonly decided_at: Date | null;
  readonly decided_by: string | null;
  readonly decision_reason: string | null;
  readonly approval: string | null;
  readonly expires_at: Date | null;
  readonly ended_at: Date | null;
  readonly end_reason: string | null;
  readonly last_used_at: Date | null;
}

/** A new request, as it is first written. */
export interface NewGrant extends GrantTerms {
  readonly id: string;
  readonly termsDigest: string;
  readonly requestedAtMs: number;
  readonly requestedBy: string;
  readonly requestUntilMs: number;
}

export async function insertGrant(db: Queryable, grant: NewGrant): Promise<Grant> {
  const { rows } = await db.query(
    `INSERT INTO grants (id, state, principal_kind, principal, server, tools, argument_limits, reason, ticket,
       duration_seconds, uses_max, session, terms_digest, requested_at, requested_by, request_until)
     VALUES ($1, 'requested', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING *`,
    [
      grant.id,
      grant.principal.kind,
      grant.principal.name,
      grant.server,
      grant.tools,
      JSON.stringify(grant.argumentLimits),
      grant.reason,
      grant.ticket ?? null,
      grant.durationSeconds,
      grant.usesMax ?? null,
      grant.session ?? null,
      grant.termsDigest,
      new Date(grant.requestedAtMs),
      grant.requestedBy,
      new Date(grant.requestUntilMs),
    ],
  );
  return one(rows);
}

/** What a step changes beside the state. */
export interface Step {
  readonly decided?: { readonly atMs: number; readonly by: string; readonly reason: string };
  readonly approval?: string;
  readonly expiresAtMs?: number;
  readonly ended?: { readonly atMs: number; readonly reason: string };
}

/**
 * Moves a grant on, if it still is in the state it is to leave. Undefined where somebody was first: the statement is
 * the compare-and-set that makes one winner.
 */
export async function moveGrant(
  db: Queryable,
  id: string,
  from: GrantState,
  to: GrantState,
  step: Step,
): Promise<Grant | undefined> {
  const { decided, approval, expiresAtMs, ended } = step;
  const { rows } = await db.query(
    `UPDATE grants SET state = $3, decided_at = coalesce($4, decided_at), decided_by = coalesce($5, decided_by),
       decision_reason = coalesce($6, decision_reason), approval = coalesce($7, approval),
       expires_at = coalesce($8, expires_at), ended_at = coalesce($9, ended_at), end_reason = coalesce($10, end_reason),
       approval_to_withdraw = CASE WHEN $3 = 'withdrawn' THEN approval ELSE approval_to_withdraw END
     WHERE id = $1 AND state = $2 RETURNING *`,
    [
      id,
      from,
      to,
      decided === undefined ? null : new Date(decided.atMs),
      decided?.by ?? null,
      decided?.reason ?? null,
      approval ?? null,
      expiresAtMs === undefined ? null : new Date(expiresAtMs),
      ended === undefined ? null : new Date(ended.atMs),
      ended?.reason ?? null,
    ],
  );
  return rows.length === 0 ? undefined : one(rows);
}

/** Writes narrower terms over those of a request that still waits. Consent to the wider ones is to be withdrawn. */
export async function narrowGrant(
  db: Queryable,
  id: string,
  wasDigest: string,
  terms: Pick<GrantTerms, 'tools' | 'argumentLimits' | 'durationSeconds' | 'usesMax'> & {
    readonly termsDigest: string;
  },
): Promise<Grant | undefined> {
  const { rows } = await db.query(
    `UPDATE grants SET tools = $3, argument_limits = $4, duration_seconds = $5, uses_max = $6, terms_digest = $7,
       approval = NULL, approval_to_withdraw = approval
     WHERE id = $1 AND state = 'requested' AND terms_digest = $2 RETURNING *`,
    [
      id,
      wasDigest,
      terms.tools,
      JSON.stringify(terms.argumentLimits),
      terms.durationSeconds,
      terms.usesMax ?? null,
      terms.termsDigest,
    ],
  );
  return rows.length === 0 ? undefined : one(rows);
}

/** Counts one use of a grant that is in force at that time and has uses left. Undefined where it is not. */
export async function countUse(db: Queryable, id: string, nowMs: number): Promise<Grant | undefined> {
  const { rows } = await db.query(
    `UPDATE grants SET uses = uses + 1, last_used_at = $2
     WHERE id = $1 AND state = 'active' AND expires_at > $2 AND (uses_max IS NULL OR uses < uses_max) RETURNING *`,
    [id, new Date(nowMs)],
  );
  return rows.length === 0 ? undefined : one(rows);
}

/** When grants without a count of uses were last used: for recertification, so it may lag and is not waited for. */
export async function noteUses(db: Queryable, lastUsedMs: ReadonlyMap<string, number>): Promise<void> {
  if (lastUsedMs.size === 0) return;
  await db.query(
    `UPDATE grants SET last_used_at = seen.at FROM unnest($1::text[], $2::timestamptz[]) AS seen (id, at)
     WHERE grants.id = seen.id AND (last_used_at IS NULL OR last_used_at < seen.at)`,
    [[...lastUsedMs.keys()], [...lastUsedMs.values()].map((atMs) => new Date(atMs))],
  );
}

export async function loadActive(db: Queryable, limit: number): Promise<Grant[]> {
  const { rows } = await db.query(`SELECT * FROM grants WHERE state = 'active' ORDER BY id LIMIT $1`, [
    limit,
  ]);
  return rows.map(grantOf);
}

/** Requests that nobody decided on in time. */
export async function loadOverdue(db: Queryable, nowMs: number, limit: number): Promise<Grant[]> {
  const { rows } = await db.query(
    `SELECT * FROM grants WHERE state = 'requested' AND request_until <= $1 ORDER BY id LIMIT $2`,
    [new Date(nowMs), limit],
  );
  return rows.map(grantOf);
}

/** Approvals whose request is over, with the reason, by grant. */
export async function loadToWithdraw(
  db: Queryable,
  limit: number,
): Promise<{ grant: string; approval: string; reason: string }[]> {
  const { rows } = await db.query(
    `SELECT id AS grant, approval_to_withdraw AS approval, coalesce(end_reason, 'the terms were narrowed') AS reason
     FROM grants WHERE approval_to_withdraw IS NOT NULL ORDER BY id LIMIT $1`,
    [limit],
  );
  return rows as { grant: string; approval: string; reason: string }[]; // cast: the statement selects these
}

export async function noteWithdrawn(db: Queryable, grant: string, approval: string): Promise<void> {
  await db.query(
    'UPDATE grants SET approval_to_withdraw = NULL WHERE id = $1 AND approval_to_withdraw = $2',
    [grant, approval],
  );
}

export async function loadGrant(db: Queryable, id: string): Promise<Grant | undefined> {
  const { rows } = await db.query('SELECT * FROM grants WHERE id = $1', [id]);
  return rows.length === 0 ? undefined : one(rows);
}

/** Requests that wait and grants in force of one principal. */
export async function countOpen(db: Queryable, kind: string, name: string): Promise<number> {
  const { rows } = await db.query(
    `SELECT count(*)::int AS open FROM grants
     WHERE principal_kind = $1 AND principal = $2 AND state IN ('requested', 'active')`,
    [kind, name],
  );
  // Cast: the statement selects it under this name.
  return (rows[0] as { open: number } | undefined)?.open ?? 0;
}

export async function listGrants(db: Queryable, query: GrantQuery): Promise<Grant[]> {
  const { rows } = await db.query(
    `SELECT * FROM grants
     WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR principal = $2) AND ($3::text IS NULL OR server = $3)
       AND ($4::timestamptz IS NULL OR (requested_at, id) < ($4, $5))
     ORDER BY requested_at DESC, id DESC LIMIT $6`,
    [
      query.state ?? null,
      query.principal ?? null,
      query.server ?? null,
      query.after?.requestedAt ?? null,
      query.after?.id ?? null,
      query.limit,
    ],
  );
  return rows.map(grantOf);
}

function one(rows: readonly unknown[]): Grant {
  if (rows.length === 0) throw new GrantError('unavailable', 'The grant was not stored. Try again.');
  return grantOf(rows[0]);
}

function grantOf(row: unknown): Grant {
  // Cast: the statements above select whole rows of this table.
  const {
    principal_kind: kind,
    principal,
    argument_limits: argumentLimits,
    duration_seconds: durationSeconds,
    ...rest
  } = row as Row;
  return {
    id: rest.id,
    state: rest.state,
    principal: { kind, name: principal },
    server: rest.server,
    tools: rest.tools,
    argumentLimits,
    reason: rest.reason,
    durationSeconds,
    uses: rest.uses,
    termsDigest: rest.terms_digest,
    requestedAt: rest.requested_at.toISOString(),
    requestedBy: rest.requested_by,
    requestUntil: rest.request_until.toISOString(),
    ...optional('ticket', rest.ticket),
    ...optional('usesMax', rest.uses_max),
    ...optional('session', rest.session),
    ...optional('decidedBy', rest.decided_by),
    ...optional('decisionReason', rest.decision_reason),
    ...optional('approval', rest.approval),
    ...optional('endReason', rest.end_reason),
    ...optional('decidedAt', rest.decided_at?.toISOString()),
    ...optional('expiresAt', rest.expires_at?.toISOString()),
    ...optional('endedAt', rest.ended_at?.toISOString()),
    ...optional('lastUsedAt', rest.last_used_at?.toISOString()),
  };
}

function optional<K extends string, V>(name: K, value: V | null | undefined): { [key in K]?: V } {
  // Cast: an object of one computed name has no narrower type in TypeScript.
  return (value === null || value === undefined ? {} : { [name]: value }) as { [key in K]?: V };
}
