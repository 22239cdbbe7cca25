import type { FlowRules } from './flow.ts';
import type { Approval, ApprovalState, Person, Vote } from './types.ts';

interface Row {
  readonly id: string;
  readonly kind: Approval['kind'];
  readonly state: ApprovalState;
  readonly digest: string;
  readonly requester_kind: Person['kind'];
  readonly requester: string;
  readonly server: string;
  readonly tool: string | null;
  readonly method: string;
  readonly grant_id: string | null;
  readonly flows: string[];
  readonly rules: Record<string, FlowRules>;
  readonly policies: string[];
  readonly policy_version: string;
  readonly requested_at: Date;
  readonly expires_at: Date;
  readonly decided_at: Date | null;
  readonly valid_until: Date | null;
  readonly ended_at: Date | null;
  readonly end_reason: string | null;
  readonly superseded_by: string | null;
  readonly broken_by: string | null;
  readonly review_until: Date | null;
  readonly reviewed_at: Date | null;
  readonly reviewed_by: string | null;
  readonly review_note: string | null;
  readonly votes: Vote[] | null;
}

/** All but the sealed subject, which is only read to be shown. */
export const COLUMNS = `id, kind, state, digest, requester_kind, requester, server, tool, method, grant_id, flows, rules, policies,
  policy_version, requested_at, expires_at, decided_at, valid_until, ended_at, end_reason, superseded_by, broken_by,
  review_until, reviewed_at, reviewed_by, review_note,
  (SELECT json_agg(json_build_object('by', json_build_object('kind', d.decider_kind, 'name', d.decider), 'seat', d.seat,
     'effect', d.effect, 'reason', d.reason, 'method', d.proof->>'method', 'counts', d.counts, 'at', d.decided_at)
     ORDER BY d.decided_at, d.decider) FROM approval_decisions d WHERE d.approval = approvals.id) AS votes`;

/** A row of `COLUMNS` as what it is. */
export function approvalOf(row: unknown): Approval {
  const each = row as Row; // cast: the statements above select these columns
  return {
    id: each.id,
    kind: each.kind,
    state: each.state,
    digest: each.digest,
    requester: { kind: each.requester_kind, name: each.requester },
    server: each.server,
    method: each.method,
    flows: each.flows,
    rules: each.rules,
    policies: each.policies,
    policyVersion: each.policy_version,
    requestedAt: each.requested_at.toISOString(),
    expiresAt: each.expires_at.toISOString(),
    votes: (each.votes ?? []).map(({ reason, at, ...vote }) => ({
      ...vote,
      at: new Date(at).toISOString(),
      ...optional('reason', reason),
    })),
    ...optional('tool', each.tool),
    ...optional('grant', each.grant_id),
    ...optional('decidedAt', each.decided_at?.toISOString()),
    ...optional('validUntil', each.valid_until?.toISOString()),
    ...optional('endedAt', each.ended_at?.toISOString()),
    ...optional('endReason', each.end_reason),
    ...optional('supersededBy', each.superseded_by),
    ...(each.broken_by === null || each.review_until === null
      ? {}
      : {
          breakGlass: {
            by: each.broken_by,
            reviewUntil: each.review_until.toISOString(),
            ...optional('reviewedAt', each.reviewed_at?.toISOString()),
            ...optional('reviewedBy', each.reviewed_by),
            ...optional('note', each.review_note),
          },
        }),
  };
}

function optional<K extends string, V>(name: K, value: V | null | undefined): { [key in K]?: V } {
  // Cast: an object of one computed name has no narrower type in TypeScript.
  return (value === null || value === undefined ? {} : { [name]: value }) as { [key in K]?: V };
}
