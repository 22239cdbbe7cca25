import { DETACHED_MS_MAX } from '../limits.ts';
import type { Logger } from '../telemetry/index.ts';
import { RelayRefusal } from './refusal.ts';
import { HostedSession } from './session.ts';
import { isUrgent, type SessionParts } from './session-parts.ts';
import type { OpenMasker, OpenOrder, OpenServer, RefusalCode, TunnelSide } from './types.ts';

export interface RelayOptions {
  readonly log: Logger;
  readonly openServer: OpenServer;
  /** Notes a call before it is executed: false where it was executed before. Throws where that can't be noted. */
  readonly beginCall: SessionParts['beginCall'];
  readonly relayedHeaders: (headers: Readonly<Record<string, string>>) => Record<string, string>;
  /** Takes a place for a session; words where there is none. Given back by `giveSlot`. */
  readonly takeSlot: (server: string) => string | undefined;
  readonly giveSlot: (server: string) => void;
  readonly openMasker: OpenMasker;
  /** Version of the masking rules in force; 0 where there are none. */
  readonly rulesVersion: () => number;
  /** Resolves when the rules are of that version or newer; false where they do not come. */
  readonly rulesReady: (version: number) => Promise<boolean>;
}

/** All sessions of this agent. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #sessions = new Map<string, HostedSession>();
  /** Sessions that are over while their server still shuts down. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #sweep: NodeJS.Timeout;
  #draining = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#endAbandoned(), DETACHED_MS_MAX / 20);
    this.#sweep.unref();
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Sessions alive at this agent, for Hello. */
  liveSessions(): string[] {
    return [...this.#sessions.keys()];
  }

  /** Carries out OpenChannel. Every path ends in a channel or a refusal. */
  async open(order: OpenOrder, tunnel: TunnelSide): Promise<void> {
    try {
      if (this.#draining) throw new RelayRefusal('REFUSAL_CODE_DRAINING', 'the agent is going away');
      if (this.#options.rulesVersion() === 0)
        throw new RelayRefusal('REFUSAL_CODE_FORBIDDEN_BY_AGENT', 'the agent has no masking rules it trusts');
      if (order.resume) this.#resume(order, tunnel);
      else await this.#start(order, tunnel);
    } catch (thrown) {
      const refusal = asRefusal(thrown);
      this.#options.log.warn('channel refused', {
        server: order.server,
        session: order.sessionId,
        code: refusal.code,
        why: refusal.message,
      });
      tunnel.refuse(order.channelId, refusal.code, refusal.message);
    }
  }

  /** Ends one session, for a reason of EndSession (tunnel.proto). */
  end(sessionId: string, reason: string): void {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) this.#leave(session.end('ended', reason, isUrgent(reason)));
  }

  /** The lease of a tunnel has ended: so do all its sessions, at once. How many. */
  endOfTunnel(tunnelId: string): number {
    return this.#endWhere(
      (session) => session.tunnel.id === tunnelId,
      'lease',
      'the lease was not renewed',
      true,
    );
  }

  /** A server was removed from agent.yaml. How many sessions ended. */
  endOfServer(server: string): number {
    const why = "the server was removed from the agent's configuration";
    return this.#endWhere((session) => session.server === server, 'guard', why, false);
  }

  /** Refuses new channels from now on. */
  drain(): void {
    this.#draining = true;
  }

  /** Sum of all messages so far and how many sessions seem to await an answer; for a drain. */
  activity(): { traffic: number; awaiting: number } {
    let traffic = 0;
    let awaiting = 0;
    for (const session of this.#sessions.values()) {
      traffic += session.traffic;
      if (session.awaiting && session.attached) awaiting += 1;
    }
    return { traffic, awaiting };
  }

  /** Ends all sessions and waits until their servers are gone. */
  async stop(): Promise<void> {
    this.#draining = true;
    clearInterval(this.#sweep);
    this.#endWhere(() => true, 'ended', 'the agent stops', false);
    await Promise.allSettled([...this.#leaving]);
  }

  #resume(order: OpenOrder, tunnel: TunnelSide): void {
    const session = this.#sessions.get(order.sessionId);
    if (session === undefined) {
      throw new RelayRefusal('REFUSAL_CODE_SESSION_GONE', 'the session is not alive at this agent');
    }
    session.attach(order.channelId, tunnel.openChannel(), tunnel);
  }

  async #start(order: OpenOrder, tunnel: TunnelSide): Promise<void> {
    const { sessionId, server } = order;
    // The gateway asks for a new one, so one of that id can only be left over from an attempt it gave up.
    this.end(sessionId, 'expired');
    const full = this.#options.takeSlot(server);
    if (full !== undefined) throw new RelayRefusal('REFUSAL_CODE_TOO_MANY_SESSIONS', full);
    const session = new HostedSession(
      {
        id: sessionId,
        server,
        log: this.#options.log.child({ server, session: sessionId }),
        beginCall: this.#options.beginCall,
        relayedHeaders: this.#options.relayedHeaders,
        openMasker: this.#options.openMasker,
        rulesReady: (version) => version <= this.#options.rulesVersion() || this.#options.rulesReady(version),
        onOver: (over) => this.#forget(over),
      },
      tunnel,
    );
    this.#sessions.set(sessionId, session);
    try {
      const { era, timeoutMs } = order;
      session.started(await this.#options.openServer({ server, era, sessionId, timeoutMs, events: session }));
    } catch (thrown) {
      if (!session.over) this.#forget(session);
      throw thrown;
    }
    if (session.over)
      throw new RelayRefusal('REFUSAL_CODE_SESSION_GONE', 'the session ended while its server started');
    session.attach(order.channelId, tunnel.openChannel(), tunnel);
  }

  #forget(session: HostedSession): void {
    // A session that failed to start may have been replaced; only its own entry is its to remove.
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
    this.#options.giveSlot(session.server);
  }

  #endWhere(
    chosen: (session: HostedSession) => boolean,
    reason: string,
    detail: string,
    urgent: boolean,
  ): number {
    const sessions = [...this.#sessions.values()].filter(chosen);
    for (const session of sessions) this.#leave(session.end(reason, detail, urgent));
    return sessions.length;
  }

  #leave(ending: Promise<void>): void {
    const watched = ending.catch(() => undefined).then(() => void this.#leaving.delete(watched));
    this.#leaving.add(watched);
  }

  #endAbandoned(): void {
    const before = performance.now() - DETACHED_MS_MAX;
    const abandoned = (session: HostedSession): boolean =>
      session.detachedSinceMs !== 0 && session.detachedSinceMs < before;
    this.#endWhere(abandoned, 'idle', 'nobody came back for the session', false);
  }
}

function asRefusal(thrown: unknown): { code: RefusalCode; message: string } {
  if (thrown instanceof RelayRefusal) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'REFUSAL_CODE_SERVER_UNAVAILABLE', message };
}
