import { find, type Message, stringAt } from '@sallyport/shared/jsonrpc';
import { SessionError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { MODERN_LINKS_MAX, OPEN_TIMEOUT_MS } from './limits.ts';
import { Link, type Outgoing } from './link.ts';
import { Listener } from './listener.ts';
import type { Arrived, OpenChannel, SessionIdentity } from './types.ts';

export interface SessionEvents {
  onEnded(session: Session, reason: string): void;
  /** Something of the server was dropped; why, in words. */
  onDropped(session: Session, why: string): void;
  /** The server says that its tools have changed, whether or not a client listens. */
  onToolsChanged(session: Session): void;
  /** The agent kept back something of the server that no request awaits. */
  onWithheld(session: Session, reason: string): void;
}

/**
 * One principal + one MCP client + one server. A legacy session has one link, because a server process belongs to
 * it; a modern one has as many as its concurrent requests need to be told apart.
 */
export class Session {
  readonly identity: SessionIdentity;
  /** The revision the server chose in its answer to `initialize`; for modern sessions the client's. */
  protocolVersion: string | undefined;
  /** Milliseconds since 1970. */
  lastSeenAt: number;
  readonly listener = new Listener();
  readonly #openChannel: OpenChannel;
  readonly #events: SessionEvents;
  readonly #links: Link[] = [];
  readonly #news = new Set<(message: Message) => void>();
  #opening: Promise<Link> | undefined;
  #linkCount = 0;
  /** True once a server process was started: a legacy session then only ever resumes. */
  #begun: boolean;
  #ended: string | undefined;

  constructor(
    identity: SessionIdentity,
    options: {
      openChannel: OpenChannel;
      events: SessionEvents;
      begun: boolean;
      protocolVersion: string | undefined;
    },
  ) {
    this.identity = identity;
    this.lastSeenAt = identity.createdAt;
    this.protocolVersion = options.protocolVersion;
    this.#openChannel = options.openChannel;
    this.#events = options.events;
    this.#begun = options.begun;
  }

  get ended(): string | undefined {
    return this.#ended;
  }

  /** Whether a server process was started for it. */
  get begun(): boolean {
    return this.#begun;
  }

  get busy(): number {
    return this.#links.reduce((sum, link) => sum + link.busy, 0);
  }

  /** Sends a message, opening the channel first where there is none. @throws SessionError with nothing sent */
  async send(out: Outgoing): Promise<{ exchange: Exchange; link: Link }> {
    for (;;) {
      const link = await this.#linkFor(out);
      // While the link was being opened another request may have taken the id on it: a modern session opens one more.
      if (this.identity.era === 'legacy' || link.admits(out.idKey, out.progressKey))
        return { exchange: await link.send(out), link };
    }
  }

  /** The link that waits for the client's answer with this id. @throws SessionError `no_such_request` */
  asker(idKey: string): Link {
    const link = this.#links.find((candidate) => candidate.awaits(idKey));
    if (link === undefined) {
      throw new SessionError(
        'no_such_request',
        'The server has asked nothing under this id, or has its answer already.',
      );
    }
    return link;
  }

  /** The request with this id that is under way. */
  find(idKey: string): { link: Link; exchange: Exchange } | undefined {
    for (const link of this.#links) {
      const exchange = link.find(idKey);
      if (exchange !== undefined) return { link, exchange };
    }
    return undefined;
  }

  /** The link of a legacy session. */
  link(): Promise<Link> {
    return this.#linkFor({ idKey: undefined, progressKey: undefined });
  }

  /** The gateway's own news: on the stream of a legacy client, and for whoever has asked to be told. */
  announce(message: Message): void {
    if (this.identity.era === 'legacy') this.listener.say(message);
    for (const listener of this.#news) listener(message);
  }

  /** Called with the gateway's own news, until what is returned is called. */
  onNews(listener: (message: Message) => void): () => void {
    this.#news.add(listener);
    return () => this.#news.delete(listener);
  }

  expire(nowMs: number): void {
    for (const link of this.#links) link.expire(nowMs);
  }

  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    for (const link of this.#links.splice(0)) link.end(reason);
    this.listener.end();
    this.#events.onEnded(this, reason);
  }

  async #linkFor(out: Pick<Outgoing, 'idKey' | 'progressKey'>): Promise<Link> {
    if (this.#ended !== undefined) throw new SessionError('ended', 'The session has ended. Start a new one.');
    if (this.identity.era === 'legacy') return this.#links[0] ?? this.#openOnce();
    const free = this.#links.find((link) => link.admits(out.idKey, out.progressKey));
    if (free !== undefined) return free;
    if (this.#links.length >= MODERN_LINKS_MAX) {
      throw new SessionError(
        'duplicate_id',
        `${MODERN_LINKS_MAX} requests with this id are under way. Use another id or wait for an answer.`,
      );
    }
    return this.#openOnce();
  }

  /** Requests that arrive while the channel is being opened wait for the same one. */
  #openOnce(): Promise<Link> {
    this.#opening ??= this.#openLink().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openLink(): Promise<Link> {
    const { id, agent, agentServer, era } = this.identity;
    this.#linkCount += 1;
    const resume = era === 'legacy' && this.#begun;
    const channel = await this.#openChannel({
      agent,
      sessionId: this.#linkCount === 1 || era === 'legacy' ? id : `${id}.${this.#linkCount}`,
      server: agentServer,
      era,
      resume,
      timeoutMs: OPEN_TIMEOUT_MS,
    }).catch((thrown: unknown) => {
      throw this.#openFailed(thrown);
    });
    this.#begun = true;
    const link: Link = new Link(channel, {
      onUnasked: (message) => this.#unasked(link, message),
      onUnreadable: (problem) => this.#events.onDropped(this, problem),
      onWithheld: (reason) => this.#events.onWithheld(this, reason),
      onClosed: (close) => this.#closed(link, close),
    });
    if (link.closed)
      throw new SessionError('server_unavailable', 'The server ended as soon as it was started.');
    if (this.#ended !== undefined) {
      link.end(this.#ended);
      throw new SessionError('ended', 'The session has ended. Start a new one.');
    }
    this.#links.push(link);
    return link;
  }

  #openFailed(thrown: unknown): SessionError {
    const code = codeOf(thrown);
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    if (code === 'session_gone') {
      this.end('lost');
      return new SessionError('unknown_session', 'The session has ended. Start a new one.', {
        cause: thrown,
        detail,
      });
    }
    const server = this.identity.server;
    if (code === 'agent_away' || code === 'draining') {
      return new SessionError(
        'agent_away',
        `The agent that serves "${server}" is not connected. Nothing was sent. Try again, or ask who runs the agent.`,
        { origin: 'agent', cause: thrown, detail },
      );
    }
    return new SessionError(
      'server_unavailable',
      `The server "${server}" could not be started or reached. Nothing was sent. Ask who runs the agent; its log says why.`,
      { origin: 'agent', cause: thrown, detail },
    );
  }

  #closed(link: Link, close: { reason: string; resumable: boolean }): void {
    const at = this.#links.indexOf(link);
    if (at >= 0) this.#links.splice(at, 1);
    this.listener.end();
    // A legacy session is its server process; a modern one only loses requests under way.
    if (!close.resumable && this.identity.era === 'legacy') this.end(close.reason);
  }

  /** Where a message belongs that names no exchange (stdio, HTTP+SSE, the GET stream). */
  #unasked(link: Link, message: Arrived): void {
    const about = message.method ?? '';
    if (about === 'notifications/tools/list_changed') this.#events.onToolsChanged(this);
    // A request or a log line while a call is under way is most likely that call's; news of lists are nobody's.
    const likely =
      message.kind === 'request' || about === 'notifications/message' ? link.latest() : undefined;
    if (likely !== undefined) {
      likely.interim(message);
      return;
    }
    if (!this.listener.open && this.identity.era === 'modern') {
      this.#events.onDropped(this, `${about}: no request is under way that it could belong to`);
      return;
    }
    const dropped = this.listener.say(message);
    if (dropped > 0)
      this.#events.onDropped(this, `${dropped} messages: nobody listens to the session's stream`);
  }
}

function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return '';
  return String(thrown.code);
}

/** The revision a server chose, from its answer to `initialize`. */
export function negotiatedVersion(answer: Message): string | undefined {
  return stringAt(answer.raw, find(answer.result?.members, 'protocolVersion'));
}
