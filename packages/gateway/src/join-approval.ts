import { canonicalDigest } from '@sallyport/shared/canonical-json';
import { systemClock } from '@sallyport/shared/clock';
import { type Approvals, type ApprovalsOptions, openApprovals } from './approval/index.ts';
import type { Audit } from './audit/index.ts';
import type { Foundation } from './foundation.ts';
import type { ApprovalAsk, Grants } from './grant/index.ts';
import type { Jobs } from './jobs/index.ts';
import type { AccessParts } from './join-access.ts';
import type { Policy } from './policy/index.ts';
import type { Registry } from './registry/index.ts';
import type { Logger } from './telemetry/index.ts';

export interface ApprovalParts {
  readonly foundation: Pick<Foundation, 'store' | 'sealer'>;
  readonly logger: Logger;
  readonly audit: Audit;
  readonly registry: Registry;
  readonly announce?: NonNullable<ApprovalsOptions['announce']>;
  /** Wakes for what is due and for what is to be told; without it only sweeps do it. */
  readonly jobs?: Pick<Jobs, 'wake'>;
  /** The grant room, once it is open: it asks for approvals, and is told what came of them. */
  readonly grants: () => Grants | undefined;
}

/** Joins the approval room with documents, the log and the grant room. */
export async function joinApproval(parts: ApprovalParts, undo: (() => unknown)[]): Promise<Approvals> {
  const { foundation, logger, audit, registry, announce, jobs } = parts;
  const approvals = await openApprovals({
    store: foundation.store,
    sealer: foundation.sealer,
    clock: systemClock,
    logger,
    record: (entry) => audit.record(entry),
    rulesOf: (flow) => registry.snapshot().of('ApprovalFlow').get(flow)?.spec,
    groupsOf: (name) => {
      const account = registry.snapshot().serviceAccounts.get(name)?.spec;
      return account === undefined || account.disabled ? [] : account.groups;
    },
    ...(announce === undefined ? {} : { announce }),
    ...(jobs === undefined
      ? {}
      : {
          wake: (id, atMs) => jobs.wake('approval', id, atMs),
          announced: (id) => jobs.wake('notifications', id, systemClock.now()),
        }),
    grantDecided: async (approval) => {
      const grants = parts.grants();
      const grant = await grants?.get(approval.grant ?? '');
      if (grants === undefined || grant === undefined) return grants !== undefined;
      // The request notes its approval just after it was made; a decision may be quicker.
      if (grant.state === 'requested' && grant.approval !== approval.id) return false;
      const deciders = approval.votes.map(({ by }) => by.name).join(', ');
      await grants.decided(grant.id, {
        effect: approval.state === 'approved' ? 'approve' : 'refuse',
        by: deciders === '' ? 'sallyport' : deciders,
        reason: approval.endReason ?? approval.votes.at(-1)?.reason ?? approval.state,
        flows: approval.flows,
        approval: approval.id,
      });
      return true;
    },
  });
  undo.push(() => approvals.close());
  return approvals;
}

/** What the grant room asks of approvals. */
export function approvalsForGrants(
  approvals: Approvals,
  policy: Policy,
): Pick<AccessParts, 'askApproval' | 'withdrawApproval'> {
  return {
    askApproval: (ask) => askForGrant(approvals, policy, ask),
    withdrawApproval: (approval, reason) => approvals.withdraw(approval, reason),
  };
}

async function askForGrant(
  approvals: Approvals,
  policy: Policy,
  { grant, flows, by }: ApprovalAsk,
): Promise<string> {
  const { tools, argumentLimits, reason, ticket, durationSeconds, usesMax, termsDigest } = grant;
  const limits = argumentLimits.map((limit) => ({ ...limit }));
  const digest = canonicalDigest({ kind: 'grant', grant: grant.id, terms: termsDigest });
  const asked = await approvals.request({
    kind: 'grant',
    digest,
    callKey: canonicalDigest({ kind: 'grant-key', grant: grant.id }),
    // Who is to have the access never decides on it; who asked for somebody else is in the record.
    requester: { ...by, kind: grant.principal.kind, name: grant.principal.name },
    server: grant.server,
    method: 'grant',
    grant: grant.id,
    flows,
    policies: [],
    policyVersion: policy.version,
    subject: {
      arguments: JSON.stringify({
        argumentLimits: limits,
        durationSeconds,
        reason,
        ...(ticket === undefined ? {} : { ticket }),
        tools,
        ...(usesMax === undefined ? {} : { usesMax }),
      }),
      reasons: [],
    },
  });
  return asked.id;
}
