import { errorText } from '@sallyport/shared/errors';
import { randomText } from '@sallyport/shared/ids';
import { castDecision, conflict, reviewBroken } from './deciding.ts';
import { approvalEntry, GATEWAY_ACTOR } from './entries.ts';
import { deciderGroups, standing } from './flow.ts';
import { TELL_AGAIN_MS, TICK_BATCH } from './limits.ts';
import { isDecided, nextLookMs } from './next-look.ts';
import {
  listApprovals,
  loadApproval,
  loadDue,
  loadLastApproved,
  loadSettled,
  loadSubject,
  loadUntoldGrants,
} from './reading.ts';
import { expire, requestApproval, sealName } from './requesting.ts';
import { type ApprovalsOptions, CHANNEL, takeStep } from './steps.ts';
import { clearResume, markTold, moveApproval, setResume, takeEscalations } from './table.ts';
import type {
  Approval,
  ApprovalQuery,
  Approvals,
  Ask,
  Decider,
  DecisionInput,
  Person,
  Subject,
} from './types.ts';
import { Waits } from './waits.ts';

/** Human approvals. Postgres has the truth; notices and ticks only make those who wait look. */
export class OpenApprovals implements Approvals {
  readonly #options: ApprovalsOptions;
  readonly #waits = new Waits();

  constructor(options: ApprovalsOptions) {
    this.#options = options;
  }

  /** Listens to what other replicas decide. */
  async listen(): Promise<void> {
    const lookAtAll = (): void => {
      for (const id of this.#waits.ids()) void this.#look(id);
    };
    await this.#options.store.listen(CHANNEL, (id) => void this.#look(id), lookAtAll);
  }

  request(ask: Ask): Promise<Approval> {
    return requestApproval(this.#options, ask);
  }

  async wait(id: string, signal: AbortSignal): Promise<Approval> {
    const waiting = this.#waits.wait(id, signal);
    // It may have been decided between the request and now.
    void this.#look(id);
    return waiting;
  }

  async use(id: string, digest: string, by: Person): Promise<void> {
    const now = this.#options.clock.now();
    const used = await takeStep(this.#options, async (db) => {
      const moved = await moveApproval(db, id, 'approved', 'used', {
        usableAtMs: now,
        digest,
        endedAtMs: now,
      });
      return moved && { approval: moved, entries: [approvalEntry('used', moved, by)], event: 'ended' };
    });
    if (used === undefined) throw conflict(await this.get(id), id);
  }

  decide(id: string, input: DecisionInput, by: Decider): Promise<Approval> {
    return castDecision(this.#options, id, input, by);
  }

  withdraw(id: string, reason: string): Promise<void> {
    return this.#end(id, 'withdrawn', reason);
  }

  supersede(id: string, reason: string): Promise<void> {
    return this.#end(id, 'superseded', reason);
  }

  review(
    id: string,
    note: string,
    by: Person & { readonly groups: readonly string[]; readonly token?: string },
  ): Promise<Approval> {
    return reviewBroken(this.#options, id, note, by);
  }

  async newResume(id: string): Promise<string | undefined> {
    const nonce = randomText(26);
    return (await setResume(this.#options.store.pool, id, nonce)) ? nonce : undefined;
  }

  takeResume(id: string, nonce: string): Promise<boolean> {
    return clearResume(this.#options.store.pool, id, nonce);
  }

  get(id: string): Promise<Approval | undefined> {
    return loadApproval(this.#options.store.pool, id);
  }

  list(query: ApprovalQuery): Promise<Approval[]> {
    return listApprovals(this.#options.store.pool, query);
  }

  async subjectOf(
    approval: Approval,
  ): Promise<{ subject: Subject; last?: { id: string; subject: Subject } }> {
    const subject = await this.#subject(approval.id);
    const last = await loadLastApproved(this.#options.store.pool, approval);
    return last === undefined
      ? { subject }
      : { subject, last: { id: last, subject: await this.#subject(last) } };
  }

  mayDecide(approval: Approval, by: Person & { readonly groups: readonly string[] }): boolean {
    if (by.name === approval.requester.name) return false;
    const named = deciderGroups(approval.rules);
    if (by.groups.some((group) => named.has(group))) return true;
    const { clock, groupsOf } = this.#options;
    const moment = { requestedMs: Date.parse(approval.requestedAt), nowMs: clock.now() };
    return standing(approval.rules, [], by, approval.requester, moment, groupsOf) !== undefined;
  }

  async settle(id: string): Promise<number | undefined> {
    const { clock } = this.#options;
    const now = clock.now();
    const before = await this.get(id);
    if (before === undefined) return undefined;
    await this.#moveOn(before, now);
    const approval = await this.get(id);
    if (approval === undefined) return undefined;
    if (approval.kind === 'grant' && isDecided(approval)) {
      return (await this.#tellGrant(approval)) ? undefined : now + TELL_AGAIN_MS;
    }
    return nextLookMs(approval, now);
  }

  /** The safety net where jobs were lost: ends what ran out, escalates, and wakes those whose notice was lost. */
  async tick(): Promise<void> {
    const { store, clock } = this.#options;
    for (const id of await loadSettled(store.pool, this.#waits.ids())) await this.#look(id);
    const now = clock.now();
    for (const approval of await loadDue(store.pool, now, TICK_BATCH)) await this.#moveOn(approval, now);
    for (const approval of await loadUntoldGrants(store.pool, TICK_BATCH)) await this.#tellGrant(approval);
  }

  async close(): Promise<void> {
    // Who waits here is told by the end of its connection; the rows stay as they are.
  }

  /** Does what time demands of an approval that is open. Another may be first; then nothing is done. */
  async #moveOn(approval: Approval, now: number): Promise<void> {
    const { id, state, expiresAt, validUntil } = approval;
    if (state !== 'pending' && state !== 'approved') return;
    const over = Date.parse(state === 'pending' ? expiresAt : (validUntil ?? ''));
    if (over <= now) await expire(this.#options, approval);
    else if (state === 'pending') await this.#escalate(id, now);
  }

  async #escalate(id: string, now: number): Promise<void> {
    await takeStep(this.#options, async (db) => {
      const taken = await takeEscalations(db, id, now);
      if (taken === undefined) return undefined;
      const { approval, due } = taken;
      const to = due.flatMap(({ flow, index }) => approval.rules[flow]?.escalation[index]?.approvers ?? []);
      return {
        approval,
        entries: [approvalEntry('escalated', approval, GATEWAY_ACTOR, { to })],
        event: 'escalated',
      };
    });
  }

  async #end(id: string, to: 'withdrawn' | 'superseded', reason: string): Promise<void> {
    const now = this.#options.clock.now();
    for (const from of ['pending', 'approved'] as const) {
      const ended = await takeStep(this.#options, async (db) => {
        const moved = await moveApproval(db, id, from, to, { endedAtMs: now, endReason: reason });
        return (
          moved && {
            approval: moved,
            entries: [approvalEntry(to, moved, GATEWAY_ACTOR, { reason })],
            event: 'ended',
          }
        );
      });
      if (ended !== undefined) return;
    }
  }

  /** Something may have happened to it: wakes who waits here. */
  async #look(id: string): Promise<void> {
    if (!this.#waits.has(id)) return;
    try {
      const approval = await this.get(id);
      if (approval !== undefined) this.#waits.settle(approval);
    } catch (error) {
      // The tick looks again.
      this.#options.logger.debug('an approval could not be read', { approval: id, reason: errorText(error) });
    }
  }

  /** False where it is to be told again. */
  async #tellGrant(approval: Approval): Promise<boolean> {
    const { grantDecided, store, clock } = this.#options;
    if (grantDecided === undefined || !isDecided(approval)) return true;
    if (!(await grantDecided(approval))) return false;
    if (!(await markTold(store.pool, approval.id, clock.now()))) return true;
    if (approval.state === 'approved') await this.use(approval.id, approval.digest, approval.requester);
    return true;
  }

  async #subject(id: string): Promise<Subject> {
    const sealed = await loadSubject(this.#options.store.pool, id);
    const plain = this.#options.sealer.unseal(sealName(id), sealed ?? Buffer.alloc(0));
    return JSON.parse(plain.toString('utf8')) as Subject; // cast: only requestApproval seals under this name
  }
}
