import { errorText } from '@sallyport/shared/errors';
import { newId } from '@sallyport/shared/ids';
import { GATEWAY_ACTOR, grantEntry } from './entries.ts';
import { GrantError } from './errors.ts';
import { ACTIVE_MAX, OPEN_PER_PRINCIPAL_MAX, REQUEST_WAITS_SECONDS } from './limits.ts';
import { LiveGrants, type LiveOptions } from './live.ts';
import {
  countOpen,
  insertGrant,
  listGrants,
  loadGrant,
  moveGrant,
  narrowGrant,
  type Queryable,
} from './table.ts';
import { checkTerms, type GrantBounds, narrowed, termsDigest } from './terms.ts';
import type {
  Grant,
  GrantActor,
  GrantChange,
  GrantDecision,
  GrantFact,
  GrantQuery,
  GrantQuestion,
  Grants,
  GrantTerms,
  NarrowedTerms,
} from './types.ts';

/** What policy says of a request for access. */
export interface RequestDecision {
  readonly effect: 'allow' | 'deny' | 'hold';
  readonly reasons: readonly string[];
  /** Approval flows that a hold demands. */
  readonly flows: readonly string[];
}

/** A request that an approval is to be had for. */
export interface ApprovalAsk {
  readonly grant: Grant;
  readonly flows: readonly string[];
  readonly by: GrantActor;
}

export interface GrantsOptions extends LiveOptions {
  /** What the Server document allows; undefined where there is no such server. */
  readonly bounds: (server: string) => GrantBounds | undefined;
  /** Policy's decision on asking; again, with the approvals that were given, before it is granted. */
  readonly decide: (terms: GrantTerms, approvedFlows: readonly string[]) => RequestDecision;
  /** Makes a durable request for approval and returns its id. */
  readonly askApproval: (ask: ApprovalAsk) => Promise<string>;
}

/** Just-in-time access: Postgres has the truth, memory what is in force. */
export class OpenGrants implements Grants {
  readonly #options: GrantsOptions;
  readonly #live: LiveGrants;

  constructor(options: GrantsOptions) {
    this.#options = options;
    this.#live = new LiveGrants(options);
  }

  async request(terms: GrantTerms, by: GrantActor): Promise<Grant> {
    const { clock, store, decide } = this.#options;
    checkTerms(terms, this.#options.bounds(terms.server));
    const decision = decide(terms, []);
    if (decision.effect === 'deny') {
      throw new GrantError(
        'denied',
        `No policy lets "${terms.principal.name}" ask for this access to "${terms.server}" (${decision.reasons.join(', ')}). Ask the security team for a policy on the action "request".`,
      );
    }
    if ((await countOpen(store.pool, terms.principal.kind, terms.principal.name)) >= OPEN_PER_PRINCIPAL_MAX) {
      throw new GrantError(
        'too_many',
        `"${terms.principal.name}" has ${OPEN_PER_PRINCIPAL_MAX} requests and grants open. Let some end, or revoke them.`,
      );
    }
    if (this.#live.size >= ACTIVE_MAX) {
      throw new GrantError('too_many', 'As many grants as this gateway holds are in force. Ask who runs it.');
    }
    const now = clock.now();
    const draft = {
      ...terms,
      id: newId('grt'),
      termsDigest: termsDigest(terms),
      requestedAtMs: now,
      requestedBy: by.name,
      requestUntilMs: now + REQUEST_WAITS_SECONDS * 1_000,
    };
    const made = await this.#live.step(async (db) => {
      const asked = await insertGrant(db, draft);
      const entries = [grantEntry('requested', asked, by)];
      if (decision.effect === 'hold') return { grant: asked, entries };
      const grant = await this.#activate(db, asked, { by: 'policy', reason: decision.reasons.join(', ') });
      if (grant === undefined) return undefined;
      return { grant, entries: [...entries, grantEntry('issued', grant, GATEWAY_ACTOR, { by: 'policy' })] };
    });
    if (made === undefined)
      throw new GrantError('conflict', 'The request was changed while it was made. Ask again.');
    if (decision.effect === 'hold') return this.#ask(made, decision.flows, by);
    this.#live.begin(made);
    return made;
  }

  async decided(id: string, decision: GrantDecision): Promise<void> {
    const asked = await this.#load(id);
    if (asked.state !== 'requested' || asked.approval !== decision.approval) return;
    const approver = { kind: 'user', name: decision.by } as const;
    const again = this.#options.decide(asked, decision.flows);
    const permitted = decision.effect === 'approve' && again.effect === 'allow';
    const decided = { atMs: this.#options.clock.now(), by: decision.by, reason: decision.reason };
    const grant = await this.#live.step(async (db) => {
      if (permitted) {
        const issued = await this.#activate(db, asked, decision);
        return (
          issued && {
            grant: issued,
            entries: [grantEntry('issued', issued, GATEWAY_ACTOR, { by: approver.name })],
          }
        );
      }
      const ended = { atMs: decided.atMs, reason: decision.effect === 'approve' ? 'policy' : 'approver' };
      const refused = await moveGrant(db, id, 'requested', 'refused', { decided, ended });
      return (
        refused && {
          grant: refused,
          entries: [grantEntry('refused', refused, GATEWAY_ACTOR, { by: approver.name })],
        }
      );
    });
    if (grant?.state === 'active') this.#live.begin(grant);
  }

  async narrow(id: string, by: NarrowedTerms, actor: GrantActor): Promise<Grant> {
    const asked = await this.#load(id);
    if (asked.state !== 'requested') throw conflict(asked);
    if (asked.principal.name === actor.name) {
      throw new GrantError(
        'invalid',
        'Who asked for access does not narrow it for itself: withdraw it and ask again.',
      );
    }
    const terms = narrowed(asked, by);
    checkTerms(terms, this.#options.bounds(terms.server));
    const digest = termsDigest(terms);
    const grant = await this.#live.step(async (db) => {
      const narrower = await narrowGrant(db, id, asked.termsDigest, { ...terms, termsDigest: digest });
      return (
        narrower && {
          grant: narrower,
          entries: [grantEntry('narrowed', narrower, actor, { was: asked.termsDigest })],
        }
      );
    });
    if (grant === undefined) throw conflict(await this.#load(id));
    await this.#live.withdrawApprovals();
    return this.#ask(grant, this.#options.decide(grant, []).flows, { ...asked.principal });
  }

  async revoke(id: string, reason: string, by: GrantActor): Promise<Grant> {
    const grant = await this.#load(id);
    if (grant.state !== 'active' && grant.state !== 'requested') throw conflict(grant);
    const to = grant.state === 'active' ? 'revoked' : 'withdrawn';
    const ended = await this.#live.end(grant, to, reason, by);
    if (ended === undefined) throw conflict(await this.#load(id));
    await this.#live.withdrawApprovals();
    return ended;
  }

  match(question: GrantQuestion): GrantFact | undefined {
    return this.#live.match(question);
  }

  couldMatch(question: Omit<GrantQuestion, 'arguments'>): GrantFact | undefined {
    return this.#live.match(question);
  }

  use(id: string, session: string): Promise<{ release(): void }> {
    return this.#live.use(id, session);
  }

  sessionEnded(session: string): void {
    this.#live.sessionEnded(session);
  }

  get(id: string): Promise<Grant | undefined> {
    return loadGrant(this.#options.store.pool, id);
  }

  list(query: GrantQuery): Promise<Grant[]> {
    return listGrants(this.#options.store.pool, query);
  }

  onChanged(listener: (change: GrantChange) => void): void {
    this.#live.onChanged(listener);
  }

  tick(): Promise<void> {
    return this.#live.tick();
  }

  reload(): Promise<void> {
    return this.#live.reload();
  }

  close(): Promise<void> {
    return this.#live.close();
  }

  async #ask(asked: Grant, flows: readonly string[], by: GrantActor): Promise<Grant> {
    try {
      const approval = await this.#options.askApproval({ grant: asked, flows, by });
      const { store, withdrawApproval } = this.#options;
      const waiting = await moveGrant(store.pool, asked.id, 'requested', 'requested', { approval });
      if (waiting !== undefined) return waiting;
      // The request ended while its approval was being made, so the row that ended did not know of it.
      await withdrawApproval(approval, 'the request for access ended meanwhile');
      return await this.#load(asked.id);
    } catch (cause) {
      await this.#live.settleQuietly(asked, 'withdrawn', 'no approval could be asked for');
      if (cause instanceof GrantError) throw cause;
      throw new GrantError(
        'unavailable',
        'The access needs an approval, and none could be asked for. Try again.',
        {
          cause,
          detail: errorText(cause),
        },
      );
    }
  }

  #activate(
    db: Queryable,
    asked: Grant,
    { by, reason }: { by: string; reason: string },
  ): Promise<Grant | undefined> {
    const now = this.#options.clock.now();
    return moveGrant(db, asked.id, 'requested', 'active', {
      decided: { atMs: now, by, reason },
      expiresAtMs: now + asked.durationSeconds * 1_000,
    });
  }

  async #load(id: string): Promise<Grant> {
    const grant = await this.get(id);
    if (grant === undefined) throw new GrantError('not_found', `There is no grant "${id.slice(0, 40)}".`);
    return grant;
  }
}

function conflict(grant: Grant): GrantError {
  return new GrantError(
    'conflict',
    `The grant ${grant.id} is ${grant.state} now${grant.endReason === undefined ? '' : ` (${grant.endReason})`}; nothing was changed.`,
  );
}
