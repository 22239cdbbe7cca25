import type { Clock } from '@sallyport/shared/clock';
import { newId } from '@sallyport/shared/ids';
import type { Message } from '@sallyport/shared/jsonrpc';
import { SessionError } from './errors.ts';
import { SEEN_WRITE_MS, SESSIONS_PER_PRINCIPAL_MAX, SWEEP_MS } from './limits.ts';
import { Session } from './session.ts';
import type { SessionStore, StoredSession } from './store.ts';
import type { OpenChannel, SessionIdentity } from './types.ts';

export interface SessionsOptions {
  readonly store: SessionStore;
  readonly openChannel: OpenChannel;
  readonly endAtAgent: (agent: string, sessionId: string, reason: string) => void;
  readonly clock: Clock;
  /** Called after a session has ended, once, to record it. */
  readonly onEnded: (identity: SessionIdentity, reason: string) => void;
  readonly onDropped: (identity: SessionIdentity, why: string) => void;
  /** A server says that its tools have changed. */
  readonly onToolsChanged?: (server: string) => void;
  /** The agent kept back something of the server that no request awaits. */
  readonly onWithheld: (identity: SessionIdentity, reason: string) => void;
}

type Owner = { readonly kind: 'service-account' | 'user'; readonly name: string };

/** All sessions of this replica: found by id, bound to their principal, ended by limits, revocation or loss. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #live = new Map<string, Session>();
  readonly #modern = new Map<string, Session>();
  readonly #perPrincipal = new Map<string, number>();
  /** Sessions that are in the table, with the time their row was last written. */
  readonly #written = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS);
    this.#timer.unref();
  }

  get count(): number {
    return this.#live.size;
  }

  /** Makes a session. Its row and its server process come later: `begin`, then the first message. */
  create(request: Omit<SessionIdentity, 'id' | 'createdAt' | 'expiresAt'> & { absoluteMs: number }): Session {
    const { absoluteMs, ...rest } = request;
    const count = this.#perPrincipal.get(ownerKey(request.principalKind, request.principal)) ?? 0;
    if (count >= SESSIONS_PER_PRINCIPAL_MAX) {
      throw new SessionError(
        'too_many_sessions',
        `This principal has ${count} open sessions. End some, or wait until idle ones end.`,
      );
    }
    const createdAt = this.#options.clock.now();
    const identity = { ...rest, id: newId('ses'), createdAt, expiresAt: createdAt + absoluteMs };
    return this.#add(identity, { begun: false, protocolVersion: undefined, lastSeenAt: createdAt });
  }

  /** Makes the session durable. Until then it is not found after a restart. */
  async begin(session: Session): Promise<void> {
    await this.#options.store.insert(session.identity, session.protocolVersion);
    this.#written.set(session.identity.id, this.#options.clock.now());
  }

  /**
   * The session of that id, if it is this principal's, of this server and alive.
   * @throws SessionError `unknown_session`, one answer for all that is wrong, so that ids tell a thief nothing
   */
  async attach(id: string, owner: Owner, server: string): Promise<Session> {
    const session = this.#live.get(id) ?? (await this.#restore(id));
    const { identity } = session ?? {};
    if (
      session === undefined ||
      identity === undefined ||
      session.ended !== undefined ||
      identity.principalKind !== owner.kind ||
      identity.principal !== owner.name ||
      identity.server !== server ||
      this.#overdue(session) !== undefined
    ) {
      throw new SessionError(
        'unknown_session',
        'There is no such session: it has ended or never was. Start a new one.',
      );
    }
    this.touch(session);
    return session;
  }

  /** The modern session of this principal, token, client and server; undefined where there is none yet. */
  modern(key: string): Session | undefined {
    const session = this.#modern.get(key);
    if (session === undefined || session.ended !== undefined || this.#overdue(session) !== undefined)
      return undefined;
    this.touch(session);
    return session;
  }

  rememberModern(key: string, session: Session): void {
    this.#modern.set(key, session);
  }

  touch(session: Session): void {
    const now = this.#options.clock.now();
    session.lastSeenAt = now;
    if (now - (this.#written.get(session.identity.id) ?? now) < SEEN_WRITE_MS) return;
    this.#written.set(session.identity.id, now);
    // Lost when Postgres is away; then calls are refused anyway and the idle limit only comes sooner.
    this.#options.store.seen(session.identity.id, now, session.protocolVersion).catch(() => undefined);
  }

  /** Keeps the negotiated revision over a restart. */
  async negotiated(session: Session, protocolVersion: string): Promise<void> {
    session.protocolVersion = protocolVersion;
    await this.#options.store.seen(session.identity.id, session.lastSeenAt, protocolVersion);
  }

  /** Ends a session wherever it is. False where there is none open under that id. */
  async end(id: string, reason: string): Promise<boolean> {
    const live = this.#live.get(id);
    if (live !== undefined) {
      live.end(reason);
      return true;
    }
    const stored = await this.#options.store.load(id);
    if (stored === undefined || stored.endedAt !== undefined) return false;
    this.#options.endAtAgent(stored.identity.agent, id, reason);
    if (!(await this.#options.store.end(id, reason, this.#options.clock.now()))) return false;
    this.#options.onEnded(stored.identity, reason);
    return true;
  }

  endWhere(matches: (identity: SessionIdentity) => boolean, reason: string): void {
    for (const session of [...this.#live.values()]) if (matches(session.identity)) session.end(reason);
  }

  /** The gateway's own news for clients that listen, `notifications/tools/list_changed`. */
  announce(matches: (identity: SessionIdentity) => boolean, message: Message): void {
    for (const session of this.#live.values()) if (matches(session.identity)) session.announce(message);
  }

  /** The agent's process is another one, or it said that these have ended. */
  async lost(agent: string, sessionIds: readonly string[] | 'all', reason: string): Promise<void> {
    const gone = (id: string) => sessionIds === 'all' || sessionIds.some((lost) => lost === id);
    this.endWhere(
      (identity) => identity.agent === agent && identity.era === 'legacy' && gone(identity.id),
      reason,
    );
    for (const stored of await this.#options.store.open(agent)) {
      if (
        stored.identity.era === 'legacy' &&
        gone(stored.identity.id) &&
        !this.#live.has(stored.identity.id)
      ) {
        await this.end(stored.identity.id, reason);
      }
    }
  }

  /**
   * Compares what lives at an agent that has just attached with what should: ends what died without our knowing, and
   * returns the ids the agent should end, because no session of that id is open.
   */
  async reconcile(agent: string, atAgent: readonly string[]): Promise<string[]> {
    const open = await this.#options.store.open(agent);
    const legacy = new Set(
      open.filter(({ identity }) => identity.era === 'legacy').map(({ identity }) => identity.id),
    );
    for (const { identity } of open) {
      const running = this.#live.get(identity.id);
      // A modern session loses only its requests under way; its server processes are ended and begun anew.
      const died = identity.era === 'legacy' ? !atAgent.includes(identity.id) : running === undefined;
      if (died && running?.begun !== false) await this.end(identity.id, 'lost');
    }
    return atAgent.filter((id) => !legacy.has(id));
  }

  list(after: string | undefined, limit: number): Promise<StoredSession[]> {
    return this.#options.store.list(after, limit);
  }

  /** When each principal was last seen, for recertification. */
  lastSeen(): Promise<Map<string, Date>> {
    return this.#options.store.lastSeen();
  }

  live(id: string): Session | undefined {
    return this.#live.get(id);
  }

  /** Time limits of calls, idle and absolute limits of sessions. */
  sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const session of [...this.#live.values()]) {
      session.expire(nowMs);
      const overdue = session.busy === 0 || this.#expired(session) ? this.#overdue(session) : undefined;
      if (overdue !== undefined) session.end(overdue);
    }
  }

  /** Stops looking after them. Legacy sessions stay open in the table: the next start takes them up again. */
  close(): void {
    clearInterval(this.#timer);
  }

  #expired(session: Session): boolean {
    return this.#options.clock.now() >= session.identity.expiresAt;
  }

  #overdue(session: Session): string | undefined {
    if (this.#expired(session)) return 'expired';
    return this.#options.clock.now() - session.lastSeenAt >= session.identity.idleMs ? 'idle' : undefined;
  }

  async #restore(id: string): Promise<Session | undefined> {
    const stored = await this.#options.store.load(id);
    // A modern session is nothing but its requests under way: there is nothing to take up again.
    if (stored === undefined || stored.endedAt !== undefined || stored.identity.era === 'modern')
      return undefined;
    const raced = this.#live.get(id);
    if (raced !== undefined) return raced;
    this.#written.set(id, stored.lastSeenAt);
    return this.#add(stored.identity, {
      begun: true,
      protocolVersion: stored.protocolVersion,
      lastSeenAt: stored.lastSeenAt,
    });
  }

  #add(
    identity: SessionIdentity,
    state: { begun: boolean; protocolVersion: string | undefined; lastSeenAt: number },
  ): Session {
    const session = new Session(identity, {
      openChannel: this.#options.openChannel,
      begun: state.begun,
      protocolVersion: state.protocolVersion,
      events: {
        onEnded: (ended, reason) => this.#ended(ended, reason),
        onDropped: (of, why) => this.#options.onDropped(of.identity, why),
        onToolsChanged: (of) => this.#options.onToolsChanged?.(of.identity.server),
        onWithheld: (of, reason) => this.#options.onWithheld(of.identity, reason),
      },
    });
    session.lastSeenAt = state.lastSeenAt;
    this.#live.set(identity.id, session);
    const owner = ownerKey(identity.principalKind, identity.principal);
    this.#perPrincipal.set(owner, (this.#perPrincipal.get(owner) ?? 0) + 1);
    return session;
  }

  #ended(session: Session, reason: string): void {
    const { identity } = session;
    this.#live.delete(identity.id);
    for (const [key, other] of this.#modern) if (other === session) this.#modern.delete(key);
    const owner = ownerKey(identity.principalKind, identity.principal);
    const left = (this.#perPrincipal.get(owner) ?? 1) - 1;
    if (left > 0) this.#perPrincipal.set(owner, left);
    else this.#perPrincipal.delete(owner);
    this.#options.endAtAgent(identity.agent, identity.id, reason);
    // A session that was never made durable was never one: nothing to record.
    if (!this.#written.delete(identity.id)) return;
    this.#options.store
      .end(identity.id, reason, this.#options.clock.now())
      .catch(() => undefined)
      .finally(() => this.#options.onEnded(identity, reason));
  }
}

function ownerKey(kind: string, name: string): string {
  return `${kind}:${name}`;
}
