import { type Approval, ApprovalError } from '../../approval/index.ts';
import type { EntryDraft } from '../../audit/index.ts';
import { askOf } from '../consent.ts';
import { Ending, REFUSAL } from '../ending.ts';
import { holdOpen } from '../held.ts';
import { HOLD_ROUNDS_MAX } from '../limits.ts';
import { canSendToUrl, inputRequired, usedResume } from '../resume.ts';
import type { Answer, Rooms } from '../rooms.ts';
import type { AttachedFields } from './attach.ts';
import { authenticate } from './authenticate.ts';
import { type Decided, type DecidedFields, decideAgain } from './decide.ts';
import { inspectNow } from './inspect.ts';
import { receive } from './receive.ts';
import { begin } from './record-intent.ts';

interface ApprovedFields {
  readonly decided: DecidedFields;
  readonly facts: Omit<EntryDraft, 'kind'>;
  /** Consent that is to be spent before the call is sent; absent where the decision demanded none. */
  readonly approval?: { readonly id: string; readonly digest: string };
}

class Approved {
  readonly #fields: ApprovedFields;
  constructor(fields: ApprovedFields) {
    this.#fields = fields;
  }

  get fields(): ApprovedFields {
    return this.#fields;
  }
}

export type { Approved };

/**
 * The consent that a held decision demands. An allowed call needs none and passes at once. After a wait nothing is
 * taken from before it: who it is, what policy says and what the consent is bound to are looked at again.
 *
 * @param trail is told where the session was begun meanwhile
 * @throws Ending where there is none: the call does not happen
 */
export async function approve(
  rooms: Rooms,
  call: Decided,
  answer: Answer,
  trail: { begun?: boolean },
): Promise<Approved> {
  let current = call.fields;
  for (let round = 0; round < HOLD_ROUNDS_MAX; round += 1) {
    if (current.decision.effect === 'allow') return new Approved({ decided: current, facts: current.facts });
    refuseUnholdable(current);
    if (current.attached.begins) {
      // What others send in this session meanwhile must find it begun.
      await begin(rooms, current.attached, current.facts);
      trail.begun = true;
      current = { ...current, attached: { ...current.attached, begins: false } };
    }
    const approval = await consent(rooms, current, answer);
    const attached = await asItIsNow(rooms, approval, current.attached);
    const again = await decideOr(rooms, approval, () =>
      decideAgain(rooms, current, attached, { approval: { flows: approval.flows } }),
    );
    const held = { ...current, attached, decision: { ...again.decision, flows: approval.flows } };
    if (again.decision.effect === 'allow' && askOf(rooms, held)?.digest === approval.digest) {
      // What the consent was given to stands in the intent itself, so that a verifier can compare them.
      const fields = { ...again.facts.fields, approvalDigest: approval.digest };
      const facts = { ...again.facts, approval: approval.id, fields };
      return new Approved({ decided: { ...again, facts }, facts, approval });
    }
    await rooms.approval.supersede(approval.id, 'what the call is decided by has changed');
    current = decideAgain(rooms, current, attached, {}).fields;
  }
  throw notNow('What this call is decided by keeps changing. Nothing was sent. Send it again in a minute.');
}

/** A message that can't be held, and would have to be. @throws Ending */
export function refuseHeld(call: Decided): void {
  if (call.fields.decision.effect !== 'allow') throw unholdable(call.fields);
}

function refuseUnholdable(call: DecidedFields): void {
  if (call.attached.controls?.hold !== true) throw unholdable(call);
}

function unholdable({ decision, facts }: DecidedFields): Ending {
  return withFacts(
    notNow(
      `Policy demands an approval (${decision.policies.join(', ')}) for a kind of request that can't wait for one. Nothing was sent. Ask the security team.`,
    ),
    facts,
  );
}

/** An approval that is there and not spent. @throws Ending where there is none yet, or none any more */
async function consent(rooms: Rooms, call: DecidedFields, answer: Answer): Promise<Approval> {
  const { attached, facts } = call;
  const ask = askOf(rooms, call);
  if (ask === undefined) {
    throw withFacts(
      notNow('The call holds a card security code where no person can be shown the rest. Nothing was sent.'),
      facts,
    );
  }
  try {
    if (attached.resume !== undefined) await takeUp(rooms, attached, ask.digest);
    const asked = await rooms.approval.request(ask);
    const under = { ...facts, approval: asked.id };
    if (asked.state === 'approved') return asked;
    if (asked.state !== 'pending') throw withFacts(notApproved(asked), under);
    const toUrl = attached.session.identity.era === 'modern' && canSendToUrl(attached.message);
    if (toUrl && attached.resume === undefined)
      throw withFacts(await pending(rooms, call, asked, toUrl), under);
    const end = await holdOpen(rooms, attached, asked, answer);
    if (end.kind === 'timeout') throw withFacts(await pending(rooms, call, asked, toUrl), under);
    if (end.kind === 'settled') {
      if (end.approval.state === 'approved') return end.approval;
      throw withFacts(notApproved(end.approval), under);
    }
    // 2026-07-28: closing the stream cancels. Before, a client that lost its stream may send the call again.
    if (end.kind === 'cancelled' || attached.session.identity.era === 'modern') {
      await rooms.approval.withdraw(asked.id, 'the client took the call back');
    }
    throw withFacts(gone(asked), under);
  } catch (thrown) {
    throw thrown instanceof ApprovalError ? withFacts(approvalRefused(thrown), facts) : thrown;
  }
}

/** The client is back with its state, once. */
async function takeUp(rooms: Rooms, { resume }: AttachedFields, digest: string): Promise<void> {
  if (resume === undefined) return;
  if (!(await rooms.approval.takeResume(resume.approval, resume.nonce))) throw usedResume();
  if (resume.declined) {
    await rooms.approval.withdraw(resume.approval, 'taken back at the client');
    throw notNow(
      `The request for approval ${resume.approval} was taken back. Nothing was sent.`,
      resume.approval,
    );
  }
  if (resume.digest !== digest) await rooms.approval.supersede(resume.approval, 'the call was changed');
}

/** Who it is, by the same credential, and its tool, as things are now: people have thought for a while. */
async function asItIsNow(
  rooms: Rooms,
  approval: Approval,
  attached: AttachedFields,
): Promise<AttachedFields> {
  const { received } = attached.authenticated;
  try {
    const { principal } = authenticate(rooms, receive(received.incoming, received.startedMs)).fields;
    return await inspectNow(rooms, { ...attached, authenticated: { ...attached.authenticated, principal } });
  } catch (thrown) {
    await rooms.approval.supersede(approval.id, 'the call would not be let in any more');
    throw thrown;
  }
}

/** Denied by now: the consent is to nothing. */
async function decideOr(rooms: Rooms, approval: Approval, decide: () => Decided): Promise<DecidedFields> {
  try {
    return decide().fields;
  } catch (thrown) {
    await rooms.approval.supersede(approval.id, 'policy denies the call by now');
    throw thrown;
  }
}

async function pending(rooms: Rooms, call: DecidedFields, asked: Approval, toUrl: boolean): Promise<Ending> {
  const words = `Held: this call needs approval ${asked.id} (${asked.flows.join(', ')}) and nobody has decided yet. Nothing was sent. Send exactly the same call again once it is approved, until ${asked.expiresAt}; a changed call needs a new approval.`;
  const reply = {
    status: 200,
    rpcCode: REFUSAL.denied,
    data: { reason: 'approval_pending', approval: asked.id, expiresAt: asked.expiresAt, outcome: 'not_sent' },
  };
  const nonce = toUrl ? await rooms.approval.newResume(asked.id) : undefined;
  if (nonce !== undefined) {
    return new Ending('approval_pending', words, { ...reply, result: inputRequired(rooms, asked, nonce) });
  }
  return new Ending('approval_pending', words, {
    ...reply,
    ...(call.resource.type === 'Tool' ? { asToolError: true } : {}),
  });
}

const ENDED: Readonly<Record<string, string>> = {
  denied: 'was denied',
  expired: 'was not decided on in time',
  withdrawn: 'was taken back',
  superseded: 'does not cover the call any more',
  used: 'was used by another call that is the same',
};

function notApproved({ id, state, votes, endReason }: Approval): Ending {
  const by =
    state === 'denied' ? votes.filter(({ effect }) => effect === 'deny').map((vote) => vote.by.name) : [];
  const who = by.length === 0 ? '' : ` by ${by.join(', ')}`;
  const why = endReason === undefined ? '' : `: ${endReason}`;
  const next =
    state === 'denied'
      ? 'Change the call as they say or talk to them; the same call sent again asks again.'
      : 'Send it again to ask again.';
  return notNow(`Approval ${id} ${ENDED[state] ?? state}${who}${why}. Nothing was sent. ${next}`, id, state);
}

function notNow(message: string, approval?: string, state?: string): Ending {
  const known = approval === undefined ? {} : { approval };
  return new Ending(
    approval === undefined ? 'approval_unavailable' : 'approval_denied',
    message,
    {
      status: 200,
      rpcCode: REFUSAL.denied,
      data: {
        reason: approval === undefined ? 'approval_unavailable' : `approval_${state ?? 'withdrawn'}`,
        ...known,
        outcome: 'not_sent',
      },
    },
    state === undefined ? {} : { detail: state },
  );
}

function gone({ id }: Approval): Ending {
  return new Ending(
    'cancelled',
    `The call was given up while it waited for approval ${id}. Nothing was sent.`,
    { status: 200, rpcCode: REFUSAL.cancelled, data: { outcome: 'not_sent', approval: id } },
    { detail: 'while held for approval' },
  );
}

/** What the approval room refuses, as the call's end. */
export function approvalRefused(thrown: ApprovalError): Ending {
  const unavailable = thrown.code === 'unavailable';
  return new Ending(
    unavailable ? 'log_unavailable' : 'approval_unavailable',
    `${thrown.message} Nothing was sent.`,
    {
      status: unavailable ? 503 : 200,
      rpcCode: unavailable ? REFUSAL.unavailable : REFUSAL.denied,
      data: { reason: unavailable ? 'database_unavailable' : thrown.code, outcome: 'not_sent' },
    },
    { cause: thrown },
  );
}

/** What was known of the call goes into the record of its end. */
function withFacts(ending: Ending, facts: Omit<EntryDraft, 'kind'>): Ending {
  return 'facts' in ending ? ending : Object.assign(ending, { facts });
}
