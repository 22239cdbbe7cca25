import { membersOf } from './members.ts';

/** What an approval may be at a moment, as the log tells. More than one where a step of it was not confirmed. */
type States = ReadonlySet<string>;

interface Told {
  states: States;
  /** The states before the last step, and the id of the entry that told of it. */
  before: States;
  step: unknown;
  /** What the consent was given to; the last that entries say. */
  digest: unknown;
  requester: unknown;
  policyVersion: unknown;
  server: unknown;
  tool: unknown;
  /** The `approval.used` that no intent has followed yet: its entry's id. */
  unspent: unknown;
  /** The intent that was sent under it. */
  intent: number | undefined;
  /** Whether it was asked for in what is read here, and not before. */
  whole: boolean;
}

/**
 * Requires of each call that was let through under an approval: that people who are not the requester had approved it,
 * that it was spent right before, once, and on the same digest, by the same person, for the same server and tool, under
 * the same policies (AUDIT.md, Reading). All of an approval's entries are in the log of the gateway that sends its call.
 * Where an export begins behind the log's first entry, those that were asked for before it are only counted.
 */
export class ApprovalClaims {
  readonly #later: boolean;
  readonly #approvals = new Map<string, Told>();
  /** Calls that were let through under an approval. */
  approved = 0;
  /** Calls that were let through under an approval that was asked for before the export. */
  askedBefore = 0;

  /** @param later whether the export begins behind the log's first entry. */
  constructor(later = false) {
    this.#later = later;
  }

  /** Takes the next entry; returns what is wrong with it. */
  take(seq: number, entry: unknown): string | undefined {
    const { kind, approval } = membersOf(entry);
    if (typeof kind !== 'string') return undefined;
    if (kind === 'call.intent') return this.#intent(seq, entry);
    if (!kind.startsWith('approval.') || typeof approval !== 'string') return undefined;
    if (kind === 'approval.unconfirmed') {
      this.#unconfirmed(approval, entry);
      return undefined;
    }
    return this.#step(approval, kind, entry);
  }

  #step(approval: string, kind: string, entry: unknown): string | undefined {
    const { id, actor, fields, server, tool } = membersOf(entry);
    const { state, digest, requester, policyVersion, effect } = membersOf(fields);
    if (typeof state !== 'string') return undefined;
    const known = this.#approvals.get(approval);
    if (kind === 'approval.decided' && effect === 'approve' && membersOf(actor).name === requester)
      return `${approval} is approved by ${String(requester)}, who asked for it`;
    if (known !== undefined && (known.digest !== digest || known.requester !== requester))
      return `${approval} is bound to something else than before: its digest or requester is another`;
    this.#approvals.set(approval, {
      states: new Set([state]),
      before: known?.states ?? new Set(),
      step: id,
      digest,
      requester,
      policyVersion,
      server,
      tool,
      unspent: kind === 'approval.used' && known?.states.has('approved') === true ? id : undefined,
      intent: known?.intent,
      whole: known?.whole ?? kind === 'approval.requested',
    });
    return undefined;
  }

  /** A step that may not have come about: the approval is what it was, or what that step made of it. */
  #unconfirmed(approval: string, entry: unknown): void {
    const known = this.#approvals.get(approval);
    const { entries } = membersOf(membersOf(entry).fields);
    if (known === undefined || !Array.isArray(entries) || !entries.includes(known.step)) return;
    known.states = new Set([...known.before, ...known.states]);
    // Whoever was told that it is not spent has sent nothing.
    known.unspent = undefined;
  }

  #intent(seq: number, entry: unknown): string | undefined {
    const { approval, decision, call, actor, server, tool, fields } = membersOf(entry);
    const { effect, on, policyVersion } = membersOf(decision);
    const { approvals } = membersOf(on);
    if (effect !== undefined && effect !== 'allow')
      return `the call ${String(call)} has an intent, and the decision in it is ${String(effect)}`;
    const demanded = Array.isArray(approvals) && approvals.length > 0;
    if (approval === undefined && !demanded) return undefined;
    if (typeof approval !== 'string')
      return `the call ${String(call)} was let through because of an approval, and names none`;
    const known = this.#approvals.get(approval);
    const name = `the call ${String(call)} was let through under ${approval}`;
    if (this.#later && known?.whole !== true && known?.intent === undefined) {
      this.askedBefore += 1;
      if (known !== undefined) known.intent = seq;
      return undefined;
    }
    if (known === undefined) return `${name}, which nobody was asked for`;
    if (known.intent !== undefined) return `${name}, which the call of entry ${known.intent} has used`;
    if (known.unspent === undefined)
      return `${name}, which was ${[...known.states].join(' or ')} and not an approval spent on it`;
    if (membersOf(fields).approvalDigest !== known.digest)
      return `${name}, which was given to something else: the digests differ`;
    if (membersOf(actor).name !== known.requester)
      return `${name}, which ${String(known.requester)} asked for, and not ${String(membersOf(actor).name)}`;
    if (server !== known.server || tool !== known.tool) return `${name}, which is for another server or tool`;
    if (policyVersion !== known.policyVersion) return `${name}, which was given under other policies`;
    known.unspent = undefined;
    known.intent = seq;
    this.approved += 1;
    return undefined;
  }
}
