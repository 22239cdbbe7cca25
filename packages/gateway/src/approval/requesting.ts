import { newId } from '@sallyport/shared/ids';
import { approvalEntry, GATEWAY_ACTOR } from './entries.ts';
import { ApprovalError } from './errors.ts';
import { closedFlow, escalationsOf, expiryOf, type FlowsRules } from './flow.ts';
import { ENDS_TOLD_MS, PENDING_PER_REQUESTER_MAX, SUBJECT_MAX_CHARACTERS } from './limits.ts';
import { countPending, loadChanged, loadFor } from './reading.ts';
import { type ApprovalsOptions, takeStep } from './steps.ts';
import { insertApproval, markTold, moveApproval } from './table.ts';
import type { Approval, Ask } from './types.ts';

/** Name under which an approval's subject is sealed. */
export function sealName(id: string): string {
  return `approval-subject:${id}`;
}

/** See `Approvals.request`. */
export async function requestApproval(options: ApprovalsOptions, ask: Ask): Promise<Approval> {
  const { store, clock } = options;
  // Twice: whoever made the same request in between is joined.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const now = clock.now();
    const known = await loadFor(store.pool, ask.digest, now - ENDS_TOLD_MS);
    if (known !== undefined) {
      if (known.state === 'pending' && Date.parse(known.expiresAt) > now) return known;
      if (known.state === 'approved' && Date.parse(known.validUntil ?? '') > now) return known;
      if (known.state === 'denied' || known.state === 'expired') {
        if (await markTold(store.pool, known.id, now)) return known;
        continue;
      }
      await expire(options, known);
      continue;
    }
    const made = await insert(options, ask, now);
    if (made !== undefined) return made;
  }
  throw new ApprovalError('conflict', 'The same call was asked for many times at once. Send it again.');
}

async function insert(options: ApprovalsOptions, ask: Ask, now: number): Promise<Approval | undefined> {
  const { store, sealer } = options;
  const rules = rulesFor(options, ask.flows, now);
  if ((await countPending(store.pool, ask.requester)) >= PENDING_PER_REQUESTER_MAX) {
    throw new ApprovalError(
      'too_many',
      `"${ask.requester.name}" has ${PENDING_PER_REQUESTER_MAX} requests that wait for approval. Let some be decided first.`,
    );
  }
  const subject = JSON.stringify(ask.subject);
  if (subject.length > SUBJECT_MAX_CHARACTERS) {
    throw new ApprovalError(
      'approval_unavailable',
      `The call is too large for a person to judge (more than ${SUBJECT_MAX_CHARACTERS} characters). Make it smaller.`,
    );
  }
  const { callKey, requester, session, ...rest } = ask;
  const id = newId('apr');
  return takeStep(options, async (db) => {
    // Consent to the call as it was is consent to nothing any more.
    const superseded = [];
    for (const old of await loadChanged(db, callKey, ask.digest)) {
      const ended = await moveApproval(db, old.id, old.state, 'superseded', {
        endedAtMs: now,
        endReason: 'the call or what it is decided by has changed',
        supersededBy: id,
      });
      if (ended !== undefined) superseded.push(approvalEntry('superseded', ended, GATEWAY_ACTOR, { by: id }));
    }
    const made = await insertApproval(db, {
      ...rest,
      id,
      callKey,
      requester: { kind: requester.kind, name: requester.name },
      rules,
      subject: sealer.seal(sealName(id), Buffer.from(subject)),
      requestedAt: new Date(now).toISOString(),
      expiresAt: new Date(expiryOf(rules, now)).toISOString(),
      escalations: escalationsOf(rules, now),
    });
    if (made === undefined) return undefined;
    const entry = approvalEntry('requested', made, requester, {
      policies: ask.policies,
      expiresAt: made.expiresAt,
      ...(session === undefined ? {} : { session }),
    });
    return { approval: made, entries: [...superseded, entry], event: 'requested' };
  });
}

/** @throws ApprovalError where a flow is not there, or takes nothing now: nobody could ever decide. */
function rulesFor({ rulesOf }: ApprovalsOptions, flows: readonly string[], now: number): FlowsRules {
  const found = flows.map((flow) => [flow, rulesOf(flow)] as const);
  const missing = found.filter(([, rules]) => rules === undefined).map(([flow]) => flow);
  if (missing.length > 0 || flows.length === 0) {
    throw new ApprovalError(
      'approval_unavailable',
      `Policy demands an approval by ${missing.map((flow) => `"${flow}"`).join(', ') || 'nobody'}, and there is no such ApprovalFlow. Ask the security team.`,
    );
  }
  const rules = Object.fromEntries(found) as FlowsRules; // cast: none is missing
  const closed = closedFlow(rules, now);
  if (closed !== undefined) {
    throw new ApprovalError(
      'approval_unavailable',
      `Approvals by "${closed}" are only to be had in its business hours, and it is outside of them. Try again then, or ask for help in an emergency.`,
    );
  }
  return rules;
}

/** Ends what time has ended. Undefined where another was first. */
export function expire(options: ApprovalsOptions, approval: Approval): Promise<Approval | undefined> {
  const lapsed = approval.state === 'approved';
  return takeStep(options, async (db) => {
    const ended = await moveApproval(db, approval.id, approval.state, 'expired', {
      endedAtMs: options.clock.now(),
      endReason: lapsed ? 'it was not used in time' : 'nobody decided in time',
    });
    return (
      ended && { approval: ended, entries: [approvalEntry('expired', ended, GATEWAY_ACTOR)], event: 'ended' }
    );
  });
}
