import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Store } from '../store/index.ts';
import type { NumberLexeme } from './argument-limits.ts';
import { GATEWAY_ACTOR, grantEntry, type RecordGrantEntry } from './entries.ts';
import { GrantError } from './errors.ts';
import { type AnyArguments, InForce } from './in-force.ts';
import { ACTIVE_MAX, EXPIRE_BATCH, OVER_REMEMBERED } from './limits.ts';
import { Running } from './running.ts';
import { takeStep } from './steps.ts';
import {
  countUse,
  loadActive,
  loadOverdue,
  loadToWithdraw,
  moveGrant,
  noteUses,
  noteWithdrawn,
} from './table.ts';
import type { Grant, GrantActor, GrantChange, GrantFact, GrantQuestion, GrantState } from './types.ts';

export interface LiveOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly record: RecordGrantEntry;
  readonly numberLexeme: NumberLexeme;
  /** The request is over before the approval was decided on. */
  readonly withdrawApproval: (approval: string, reason: string) => Promise<void>;
}

/** What is in force, in memory: matched with calls, used, and ended by time, uses, session or revocation. */
export class LiveGrants {
  readonly #options: LiveOptions;
  readonly #inForce = new InForce();
  readonly #running = new Running();
  readonly #listeners: ((change: GrantChange) => void)[] = [];
  readonly #lastUsed = new Map<string, number>();
  /** Ended here; their row says so as soon as the database takes it. */
  readonly #unsettled = new Map<string, Unsettled>();
  /** Ended as far as is known here. A reading that began before must not bring them back. */
  readonly #over = new Set<string>();
  #reading: Promise<void> | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#inForce.size;
  }

  match(question: GrantQuestion | AnyArguments): GrantFact | undefined {
    const { clock, numberLexeme } = this.#options;
    const grant = this.#inForce.match(question, clock.now(), numberLexeme);
    if (grant === undefined) return undefined;
    return {
      id: grant.id,
      reason: grant.reason,
      ...(grant.ticket === undefined ? {} : { ticket: grant.ticket }),
    };
  }

  async use(id: string, session: string): Promise<{ release(): void }> {
    const { clock, store } = this.#options;
    const grant = this.#inForce.get(id);
    const now = clock.now();
    if (grant?.expiresAt === undefined || Date.parse(grant.expiresAt) <= now) throw gone(id);
    if (grant.usesMax === undefined) {
      this.#lastUsed.set(id, now);
      return this.#running.begin(id, session);
    }
    const counted = await countUse(store.pool, id, now).catch((cause: unknown) => {
      throw new GrantError('unavailable', 'The use of the grant could not be counted. Try again.', { cause });
    });
    if (counted === undefined) {
      // Another replica made the last use, or it has ended: the next reading tells which.
      this.#forget(id);
      throw gone(id);
    }
    const running = this.#running.begin(id, session);
    if (counted.usesMax !== undefined && counted.uses >= counted.usesMax) {
      // The last use: nothing more is permitted, and the call that this is goes on.
      this.#forget(id);
      void this.settleQuietly(counted, 'used_up', 'all uses were made');
    } else if (this.#inForce.get(id) !== undefined) this.#inForce.put(counted);
    return running;
  }

  sessionEnded(session: string): void {
    for (const grant of this.#inForce.all()) {
      if (grant.session !== session) continue;
      this.#drop(grant);
      void this.settleQuietly(grant, 'revoked', 'the session it was bound to has ended');
    }
  }

  onChanged(listener: (change: GrantChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Ends what is over by time, here at once and in the table when it can be; takes up what others have changed. */
  async tick(): Promise<void> {
    const { clock, store } = this.#options;
    const now = clock.now();
    const over = this.#inForce
      .all()
      .filter(({ expiresAt }) => expiresAt !== undefined && Date.parse(expiresAt) <= now);
    for (const grant of over) {
      this.#drop(grant);
      this.#unsettled.set(grant.id, { grant, ...OVER_BY_TIME });
    }
    for (const { grant, to, reason } of [...this.#unsettled.values()].slice(0, EXPIRE_BATCH)) {
      if (await this.settleQuietly(grant, to, reason)) this.#unsettled.delete(grant.id);
    }
    const used = new Map(this.#lastUsed);
    this.#lastUsed.clear();
    await noteUses(store.pool, used);
    for (const grant of await loadOverdue(store.pool, now, EXPIRE_BATCH)) {
      await this.settleQuietly(grant, 'withdrawn', 'nobody decided in time');
    }
    await this.withdrawApprovals();
    await this.reload();
  }

  /**
   * Withdraws the approvals of requests that are over, so that nobody is asked to decide on nothing. What can't be
   * withdrawn now stays noted, and the next tick tries again.
   */
  async withdrawApprovals(): Promise<void> {
    const { store, logger, withdrawApproval } = this.#options;
    try {
      for (const { grant, approval, reason } of await loadToWithdraw(store.pool, EXPIRE_BATCH)) {
        await withdrawApproval(
          approval,
          `the request for access has ended or changed: ${reason}`.slice(0, 500),
        );
        await noteWithdrawn(store.pool, grant, approval);
      }
    } catch (error) {
      logger.warn('approvals of requests that are over are not withdrawn yet', { reason: errorText(error) });
    }
  }

  /** Reads what is in force; one reading at a time. */
  reload(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  close(): Promise<void> {
    return this.#reading?.catch(() => undefined) ?? Promise.resolve();
  }

  begin(grant: Grant): void {
    if (this.#over.has(grant.id) || this.#inForce.get(grant.id) !== undefined) return;
    this.#inForce.put(grant);
    this.#tell({ grant, effect: 'began', sessions: [] });
  }

  /** Ends a grant: in the table with its entry first, then here. */
  async end(
    grant: Grant,
    to: GrantState,
    reason: string,
    by: GrantActor | typeof GATEWAY_ACTOR,
  ): Promise<Grant | undefined> {
    const ended = { atMs: this.#options.clock.now(), reason };
    const happening = to === 'requested' || to === 'active' ? 'failed' : to;
    const over = await this.step(async (db) => {
      const moved = await moveGrant(db, grant.id, grant.state, to, { ended });
      return moved && { grant: moved, entries: [grantEntry(happening, moved, by, { endReason: reason })] };
    });
    if (over !== undefined && this.#inForce.get(grant.id) !== undefined) this.#drop(over);
    return over;
  }

  /** True where the table says it is over, by this or by another. */
  async settleQuietly(grant: Grant, to: GrantState, reason: string): Promise<boolean> {
    try {
      await this.end(grant, to, reason, GATEWAY_ACTOR);
      return true;
    } catch (error) {
      this.#options.logger.warn('the end of a grant is not settled yet', {
        grant: grant.id,
        reason: errorText(error),
      });
      this.#unsettled.set(grant.id, { grant, to, reason });
      return false;
    }
  }

  step(work: Parameters<typeof takeStep>[1]): Promise<Grant | undefined> {
    return takeStep(this.#options, work);
  }

  async #read(): Promise<void> {
    const { store, clock } = this.#options;
    const known = this.#inForce.all();
    const active = await loadActive(store.pool, ACTIVE_MAX);
    const ids = new Set(active.map(({ id }) => id));
    // What began here while the table was read is not in it: only what was known before may be missing.
    for (const grant of known)
      if (!ids.has(grant.id) && this.#inForce.get(grant.id) === grant) this.#drop(grant);
    const now = clock.now();
    for (const grant of active) {
      const before = this.#inForce.get(grant.id);
      if (before === undefined) {
        const over = grant.expiresAt === undefined || Date.parse(grant.expiresAt) <= now;
        if (over) this.#unsettled.set(grant.id, { grant, ...OVER_BY_TIME });
        else if (!isUsedUp(grant)) this.begin(grant);
      } else if (before.uses < grant.uses) this.#inForce.put(grant);
    }
  }

  #drop(grant: Grant): void {
    this.#forget(grant.id);
    this.#tell({ grant, effect: 'ended', sessions: this.#running.of(grant.id) });
  }

  /** A state only moves forward, so what ended once is never in force again. */
  #forget(id: string): void {
    this.#inForce.remove(id);
    this.#over.add(id);
    if (this.#over.size <= OVER_REMEMBERED) return;
    const [oldest] = this.#over;
    if (oldest !== undefined) this.#over.delete(oldest);
  }

  #tell(change: GrantChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** An end that is in force here and not in the table yet. */
interface Unsettled {
  readonly grant: Grant;
  readonly to: GrantState;
  readonly reason: string;
}

const OVER_BY_TIME = { to: 'expired', reason: 'its time is over' } as const;

function isUsedUp(grant: Grant): boolean {
  return grant.usesMax !== undefined && grant.uses >= grant.usesMax;
}

function gone(id: string): GrantError {
  return new GrantError('ended', `The grant ${id} has ended or has no use left. Ask for access again.`);
}
