import type { AgentFrame__Output } from '@sallyport/proto';
import { findPath, idKeyOf, readMessage } from '@sallyport/shared/jsonrpc';
import { asBuffer, atAgent, framesOf, lost } from './ends.ts';
import { SessionError } from './errors.ts';
import { Exchange } from './exchange.ts';
import { EXCHANGES_MAX, LINK_BACKLOG_MAX_BYTES } from './limits.ts';
import { Parts } from './parts.ts';
import type { AgentScope, Arrived, AtAgent, LinkEvents, SessionChannel } from './types.ts';

/** What goes to the server. */
export interface Outgoing {
  readonly raw: Buffer;
  readonly idKey: string | undefined;
  readonly progressKey: string | undefined;
  readonly callId: string;
  readonly expectsAnswer: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  /** Absent for what the gateway says itself: the agent then goes by what it was told last. */
  readonly scope?: AgentScope;
}

/**
 * The exchanges of one channel. HTTP servers' messages arrive with the number of their exchange; a stdio server's
 * do not, and are matched by id, progress token or subscription id. Ids are never rewritten: one channel never
 * has two exchanges with one id.
 */
export class Link {
  readonly #channel: SessionChannel;
  readonly #events: LinkEvents;
  readonly #exchanges = new Map<number, Exchange>();
  readonly #byId = new Map<string, Exchange>();
  readonly #byProgress = new Map<string, Exchange>();
  /** Requests of the server that wait for the client's answer. */
  readonly #asked = new Set<string>();
  #numbers = 0;
  #parts = new Parts();
  #backlogBytes = 0;
  #paused = false;
  #blocked = false;
  #whenDrained: (() => void)[] = [];
  #closed = false;
  /** The GET stream of a legacy HTTP server. */
  #listening: Exchange | undefined;

  constructor(channel: SessionChannel, events: LinkEvents) {
    this.#channel = channel;
    this.#events = events;
    channel.onDrain(() => {
      this.#blocked = false;
      for (const go of this.#whenDrained.splice(0)) go();
    });
    channel.onClose((close) => this.#close(close));
    channel.onFrame((frame) => this.#receive(frame));
  }

  get transport(): 'stdio' | 'http' | 'sse' {
    return this.#channel.transport;
  }

  /** Requests under way. A stream that only waits for news is none, or no session that has one would ever be idle. */
  get busy(): number {
    return this.#exchanges.size - (this.#listening?.over === false ? 1 : 0);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether a request with these keys could be told apart from those under way. */
  admits(idKey: string | undefined, progressKey: string | undefined): boolean {
    if (idKey !== undefined && this.#byId.has(idKey)) return false;
    return progressKey === undefined || !this.#byProgress.has(progressKey);
  }

  /** Whether the server asked something under this id and still waits. */
  awaits(idKey: string): boolean {
    return this.#asked.has(idKey);
  }

  /**
   * Sends a message. Resolves once it is handed to the tunnel, which is when it may have left; the answer is read
   * from the exchange.
   *
   * @throws SessionError `duplicate_id`, `too_many_exchanges`, or `ended` with nothing sent
   */
  async send(out: Outgoing): Promise<Exchange> {
    while (this.#blocked && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#whenDrained.push(resolve);
      });
    }
    if (this.#closed) throw new SessionError('ended', 'The session has ended. Start a new one.');
    if (!this.admits(out.idKey, out.progressKey)) {
      throw new SessionError('duplicate_id', 'A request with this id or progress token is still under way.');
    }
    if (this.#exchanges.size >= EXCHANGES_MAX) {
      throw new SessionError('too_many_exchanges', `More than ${EXCHANGES_MAX} requests are under way.`);
    }
    const exchange = this.#open(out);
    for (const frame of framesOf(out, exchange.number)) {
      // The parts of one message stay together; back-pressure holds the next message.
      if (!this.#channel.send(frame)) this.#blocked = true;
    }
    return exchange;
  }

  /**
   * Opens the GET stream of a legacy HTTP server. Undefined where it is open: a server has one for a session, and
   * it goes on from one stream of the client to the next.
   */
  listen(lastEventId: string): Exchange | undefined {
    if (this.#listening?.over === false) return undefined;
    const exchange = this.#open({
      idKey: undefined,
      progressKey: undefined,
      deadlineMs: Infinity,
      expectsAnswer: true,
    });
    this.#listening = exchange;
    this.#channel.send({ openListen: { exchange: exchange.number, lastEventId } });
    return exchange;
  }

  /** Gives an exchange up at both ends; its reader learns that it was cancelled. */
  cancel(exchange: Exchange): void {
    if (!this.#forget(exchange)) return;
    this.#channel.send({ cancelExchange: { exchange: exchange.number } });
    exchange.finish(lost('cancelled', 'given up by the client'));
  }

  /** The exchange a request with this id is in, to cancel it. */
  find(idKey: string): Exchange | undefined {
    return this.#byId.get(idKey);
  }

  /** The client answered what the server asked. */
  answered(idKey: string): void {
    this.#asked.delete(idKey);
  }

  /** Remembers that the server waits for an answer under this id. */
  asks(message: Arrived): void {
    if (message.idKey !== undefined) this.#asked.add(message.idKey);
  }

  /** Of the exchanges under way, the one begun last: where an unasked message most likely belongs. */
  latest(): Exchange | undefined {
    let latest: Exchange | undefined;
    for (const exchange of this.#exchanges.values()) if (exchange.idKey !== undefined) latest = exchange;
    return latest;
  }

  /** Ends what has passed its time limit. The call's fate is unknown: it had left. */
  expire(nowMs: number): Exchange[] {
    const expired = [...this.#exchanges.values()].filter((exchange) => exchange.deadlineMs <= nowMs);
    for (const exchange of expired) {
      this.#forget(exchange);
      this.#channel.send({ cancelExchange: { exchange: exchange.number } });
      exchange.finish(lost('timeout', 'the server did not answer in time'));
    }
    return expired;
  }

  end(reason: string): void {
    this.#channel.end(reason);
    this.#close({ reason, resumable: false });
  }

  #open(out: Pick<Outgoing, 'idKey' | 'progressKey' | 'deadlineMs' | 'expectsAnswer'>): Exchange {
    this.#numbers += 1;
    const exchange = new Exchange({
      number: this.#numbers,
      idKey: out.idKey,
      progressKey: out.progressKey,
      deadlineMs: out.deadlineMs,
      onBacklog: (delta) => this.#weigh(delta),
    });
    if (out.expectsAnswer) {
      this.#exchanges.set(exchange.number, exchange);
      if (out.idKey !== undefined) this.#byId.set(out.idKey, exchange);
      if (out.progressKey !== undefined) this.#byProgress.set(out.progressKey, exchange);
    }
    return exchange;
  }

  #forget(exchange: Exchange): boolean {
    if (!this.#exchanges.delete(exchange.number)) return false;
    if (exchange.idKey !== undefined) this.#byId.delete(exchange.idKey);
    if (exchange.progressKey !== undefined) this.#byProgress.delete(exchange.progressKey);
    return true;
  }

  #weigh(deltaBytes: number): void {
    this.#backlogBytes += deltaBytes;
    if (!this.#paused && this.#backlogBytes > LINK_BACKLOG_MAX_BYTES) {
      this.#paused = true;
      this.#channel.pause();
    } else if (this.#paused && this.#backlogBytes <= LINK_BACKLOG_MAX_BYTES / 2) {
      this.#paused = false;
      this.#channel.resume();
    }
  }

  #receive(frame: AgentFrame__Output): void {
    // The agent hears of an end later; what it has sent by then belongs to nothing, and is not kept.
    if (this.#closed) return;
    if (frame.fromServer) {
      const part = frame.fromServer;
      const whole = this.#parts.add(asBuffer(part.payload), part.last);
      if (whole === 'too large') {
        this.#events.onUnreadable('a message of the server is larger than the limit');
        this.end('guard');
      } else if (whole !== undefined) {
        this.#arrive(part.exchange, whole, atAgent(part));
      }
    } else if (frame.exchangeEnded) {
      const { exchange: number, delivery, error, detail, httpStatus, errorBody } = frame.exchangeEnded;
      const exchange = this.#exchanges.get(number);
      if (exchange === undefined) return;
      const body = asBuffer(errorBody);
      this.#forget(exchange);
      exchange.finish({
        delivery: delivery === 'DELIVERY_NOT_SENT' ? 'not_sent' : 'unknown',
        error: error === '' ? 'no_answer' : error,
        detail,
        httpStatus,
        errorBody: body.length === 0 ? undefined : body,
        atAgent: atAgent(frame.exchangeEnded),
      });
    } else if (frame.sessionEnded) {
      this.#close({ reason: `${frame.sessionEnded.reason}: ${frame.sessionEnded.detail}`, resumable: false });
    }
  }

  #arrive(number: number, raw: Buffer, masking: AtAgent): void {
    if (raw.length === 0 && masking.withheld !== '') {
      this.#events.onWithheld(masking.withheld);
      return;
    }
    let message: Arrived;
    try {
      message = { ...readMessage(raw), atAgent: masking };
    } catch (thrown) {
      this.#events.onUnreadable(thrown instanceof Error ? thrown.message : 'unreadable');
      return;
    }
    if (message.kind === 'response') {
      this.#answer(number, message);
      return;
    }
    if (message.kind === 'request') this.asks(message);
    const exchange = number === 0 ? this.#correlate(message) : this.#exchanges.get(number);
    if (exchange === undefined) this.#events.onUnasked(message);
    else exchange.interim(message);
  }

  #answer(number: number, message: Arrived): void {
    // A late answer to what was given up or never asked has no exchange and goes nowhere (THREATS.md, id reuse).
    const byId = message.idKey === undefined ? undefined : this.#byId.get(message.idKey);
    const exchange = byId ?? (message.idLexeme === 'null' ? this.#exchanges.get(number) : undefined);
    if (exchange === undefined || (number !== 0 && exchange.number !== number)) {
      this.#events.onUnreadable('an answer to no request under way');
      return;
    }
    this.#forget(exchange);
    exchange.answer(message, 200);
  }

  /** Only for transports that don't tell: by progress token, or by the id of the subscription (2026-07-28). */
  #correlate(message: Arrived): Exchange | undefined {
    const token = findPath(message.params, 'progressToken');
    if (token !== undefined) return this.#byProgress.get(idKeyOf(message.raw, token) ?? '');
    const subscription = findPath(message.params, '_meta', 'io.modelcontextprotocol/subscriptionId');
    if (subscription !== undefined) return this.#byId.get(idKeyOf(message.raw, subscription) ?? '');
    return undefined;
  }

  #close(close: { reason: string; resumable: boolean }): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts = new Parts();
    const end = lost(close.resumable ? 'channel_lost' : 'session_ended', close.reason);
    for (const exchange of this.#exchanges.values()) exchange.finish(end);
    this.#exchanges.clear();
    this.#byId.clear();
    this.#byProgress.clear();
    for (const go of this.#whenDrained.splice(0)) go();
    this.#events.onClosed(close);
  }
}
