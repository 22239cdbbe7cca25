import { type Actor, approvalEntry } from './entries.ts';
import { ApprovalError } from './errors.ts';
import { breakableBy, mayReview, reviewMs, satisfied, standing, validMs } from './flow.ts';
import { BREAK_REASON_MIN_CHARACTERS, REASON_MAX_CHARACTERS } from './limits.ts';
import { countLateReviews, loadApproval } from './reading.ts';
import { type ApprovalsOptions, type Stepped, takeStep } from './steps.ts';
import { insertVote, lockApproval, markReviewed, moveApproval, type Queryable } from './table.ts';
import type { Approval, Decider, DecisionInput, Person } from './types.ts';

/**
 * Counts one decision. Who decides and how that was proven comes verified from its door; what is checked here is that
 * this person may, on exactly this, now. Deciders of one approval come one after another: the row is locked.
 */
export async function castDecision(
  options: ApprovalsOptions,
  id: string,
  input: DecisionInput,
  by: Decider,
): Promise<Approval> {
  const reason = input.reason?.trim();
  if (reason !== undefined && (reason.length > REASON_MAX_CHARACTERS || !reason.isWellFormed())) {
    throw new ApprovalError('invalid', `A reason has at most ${REASON_MAX_CHARACTERS} characters.`);
  }
  const decided = await takeStep(options, async (db) => {
    const approval = await lockApproval(db, id);
    if (approval === undefined) throw notFound(id);
    const now = options.clock.now();
    refuseUnfit(approval, input, by, now);
    return input.breakGlass === true
      ? breakGlass(db, { approval, input, by, now, reason })
      : vote(options, db, { approval, input, by, now, reason });
  });
  if (decided === undefined) throw conflict(await loadApproval(options.store.pool, id), id);
  return decided;
}

interface Casting {
  readonly approval: Approval;
  readonly input: DecisionInput;
  readonly by: Decider;
  readonly now: number;
  readonly reason: string | undefined;
}

function refuseUnfit(approval: Approval, input: DecisionInput, by: Decider, now: number): void {
  const { id, requester } = approval;
  if (approval.state !== 'pending') throw conflict(approval, id);
  if (Date.parse(approval.expiresAt) <= now) {
    throw new ApprovalError('conflict', `${id} ran out at ${approval.expiresAt}; nothing was decided.`);
  }
  // The account counts, whatever roles it has and whatever it came with.
  if (requester.name === by.name) {
    throw new ApprovalError(
      'own',
      'Who asks does not decide, administrators included. Somebody else has to.',
    );
  }
  if (approval.digest !== input.digest) {
    throw new ApprovalError(
      'conflict',
      `You decide on ${input.digest.slice(0, 8)}…, and ${id} is ${approval.digest.slice(0, 8)}…. Look at it again.`,
    );
  }
}

async function vote(
  options: ApprovalsOptions,
  db: Queryable,
  casting: Casting,
): Promise<Stepped | undefined> {
  const { approval, input, by, now, reason } = casting;
  const { id, rules, votes, requester } = approval;
  const mine = votes.find((each) => each.by.kind === by.kind && each.by.name === by.name);
  if (mine !== undefined)
    throw new ApprovalError('conflict', `You have decided on ${id} already (${mine.effect}).`);
  const moment = { requestedMs: Date.parse(approval.requestedAt), nowMs: now };
  const stands = standing(rules, votes, by, requester, moment, options.groupsOf);
  if (stands === undefined) {
    throw new ApprovalError('not_eligible', `"${by.name}" may not decide on ${id} now: ${whoMay(approval)}.`);
  }
  const { seat, counts } = stands;
  const cast = { approval: id, by: { kind: by.kind, name: by.name }, seat, effect: input.effect, counts };
  const inserted = await insertVote(db, {
    ...cast,
    digest: approval.digest,
    proof: by.proof,
    atMs: now,
    ...(reason === undefined || reason === '' ? {} : { reason }),
  });
  if (!inserted) throw new ApprovalError('conflict', `Somebody has decided on ${id} for "${seat}" already.`);
  const withMine = [...votes, { ...cast, method: by.proof.method, at: new Date(now).toISOString() }];
  const after = await outcome(db, casting, satisfied(rules, withMine));
  if (after === undefined) return undefined;
  return stepOf(after, casting, {
    seat,
    counts: Object.entries(counts).map(
      ([flow, stages]) => `${flow}: ${stages.map((stage) => stage + 1).join(', ')}`,
    ),
  });
}

async function outcome(db: Queryable, casting: Casting, enough: boolean): Promise<Approval | undefined> {
  const { approval, input, now, reason } = casting;
  const { id } = approval;
  if (input.effect === 'deny') {
    return moveApproval(db, id, 'pending', 'denied', {
      decidedAtMs: now,
      endedAtMs: now,
      endReason: reason === undefined || reason === '' ? 'no reason was given' : reason,
    });
  }
  if (!enough) return loadApproval(db, id);
  return moveApproval(db, id, 'pending', 'approved', {
    decidedAtMs: now,
    validUntilMs: now + validMs(approval.rules),
  });
}

async function breakGlass(db: Queryable, casting: Casting): Promise<Stepped | undefined> {
  const { approval, input, by, now, reason = '' } = casting;
  const { id, rules } = approval;
  if (input.effect !== 'approve' || reason.length < BREAK_REASON_MIN_CHARACTERS) {
    throw new ApprovalError(
      'invalid',
      `Breaking glass approves, and needs a reason of at least ${BREAK_REASON_MIN_CHARACTERS} characters.`,
    );
  }
  if (!breakableBy(rules, by.groups)) {
    throw new ApprovalError('not_eligible', `"${by.name}" is in no group that may break glass for ${id}.`);
  }
  if ((await countLateReviews(db, approval.flows, now)) > 0) {
    throw new ApprovalError(
      'not_eligible',
      'An earlier approval by breaking glass was not reviewed in time. Have it reviewed first (approval list --unreviewed).',
    );
  }
  const inserted = await insertVote(db, {
    approval: id,
    by: { kind: by.kind, name: by.name },
    seat: by.name,
    effect: 'approve',
    counts: {},
    digest: approval.digest,
    proof: by.proof,
    atMs: now,
    reason,
  });
  if (!inserted) throw new ApprovalError('conflict', `You have decided on ${id} already.`);
  const after = await moveApproval(db, id, 'pending', 'approved', {
    decidedAtMs: now,
    validUntilMs: now + validMs(rules),
    brokenBy: by.name,
    reviewUntilMs: now + reviewMs(rules),
  });
  return after && { ...stepOf(after, casting, { breakGlass: true }), event: 'broken' };
}

function stepOf(
  after: Approval,
  { input, by, reason }: Casting,
  more: Readonly<Record<string, string | boolean | readonly string[]>>,
): Stepped {
  const entry = approvalEntry('decided', after, by, {
    effect: input.effect,
    method: by.proof.method,
    ...(reason === undefined || reason === '' ? {} : { reason }),
    ...more,
  });
  return { approval: after, entries: [entry], event: 'decided' };
}

/** See `Approvals.review`. Neither who asked nor who broke the glass. */
export async function reviewBroken(
  options: ApprovalsOptions,
  id: string,
  note: string,
  by: Person & { readonly groups: readonly string[]; readonly token?: string },
): Promise<Approval> {
  const text = note.trim();
  if (text === '' || text.length > REASON_MAX_CHARACTERS || !text.isWellFormed()) {
    throw new ApprovalError('invalid', `A review needs a note of up to ${REASON_MAX_CHARACTERS} characters.`);
  }
  const approval = await loadApproval(options.store.pool, id);
  if (approval === undefined) throw notFound(id);
  const broken = approval.breakGlass;
  if (broken === undefined || broken.reviewedAt !== undefined) {
    throw new ApprovalError(
      'conflict',
      `${id} has nothing to review${broken === undefined ? '' : ' any more'}.`,
    );
  }
  if (by.name === approval.requester.name || by.name === broken.by) {
    throw new ApprovalError('own', 'Who asked and who broke the glass do not review it.');
  }
  if (!mayReview(approval.rules, by.groups)) {
    throw new ApprovalError('not_eligible', `"${by.name}" is in no group that reviews ${id}.`);
  }
  const done = await takeStep(options, async (db) => {
    const reviewed = await markReviewed(db, id, { by: by.name, note: text, atMs: options.clock.now() });
    const actor: Actor = {
      kind: by.kind,
      name: by.name,
      ...(by.token === undefined ? {} : { token: by.token }),
    };
    return (
      reviewed && {
        approval: reviewed,
        entries: [approvalEntry('reviewed', reviewed, actor, { note: text })],
      }
    );
  });
  if (done === undefined)
    throw new ApprovalError('conflict', `${id} was reviewed by somebody else just now.`);
  return done;
}

function whoMay({ rules }: Approval): string {
  const flows = Object.entries(rules).map(
    ([flow, { stages, order }]) =>
      `"${flow}" asks ${stages.map(({ approvers, needed }) => `${needed} of ${approvers.join(', ')}`).join(order === 'any' ? ' and ' : ', then ')}`,
  );
  return flows.join('; ');
}

export function notFound(id: string): ApprovalError {
  return new ApprovalError('not_found', `There is no approval "${id.slice(0, 40)}".`);
}

/** What the loser of a race is told. */
export function conflict(approval: Approval | undefined, id: string): ApprovalError {
  if (approval === undefined) return notFound(id);
  const who = approval.votes.map(({ by }) => by.name).join(', ');
  const by = who === '' ? '' : `, decided by ${who}`;
  const why = approval.endReason === undefined ? '' : ` (${approval.endReason})`;
  return new ApprovalError('conflict', `${id} is ${approval.state} already${by}${why}; nothing was changed.`);
}
