import type { GatewayFrame__Output } from '@sallyport/proto';
import type { Analysed } from '@sallyport/shared/masking';
import { TURNS_BEFORE_PAUSE } from '../limits.ts';
import { type Assembled, Assembler } from './assembler.ts';
import { DetachedMessages } from './detached.ts';
import { Outbox } from './outbox.ts';
import { Outward } from './outward.ts';
import { type Channel, closeChannel } from './session-channel.ts';
import { isUrgent, type SessionParts } from './session-parts.ts';
import { Turns } from './turns.ts';
import type {
  ChannelStream,
  ExchangeEnd,
  Released,
  ServerConnection,
  ServerEvents,
  SessionMasker,
  TunnelSide,
} from './types.ts';

/**
 * One session of one server at this agent. It outlives its channel: a channel that breaks without EndChannel
 * leaves the server running for the next one, until the lease ends.
 */
export class HostedSession implements ServerEvents {
  readonly id: string;
  readonly server: string;
  /** Whose lease the session lives on. */
  tunnel: TunnelSide;
  /** Monotonic time since when no channel is there; 0 while one is. */
  detachedSinceMs = 0;
  /** Counts messages both ways, so that a drain can see whether anything moves. */
  traffic = 0;
  /** True from a request until the next message from the server: something is probably being worked on. */
  awaiting = false;
  readonly #parts: SessionParts;
  readonly #detached = new DetachedMessages();
  readonly #turns = new Turns({
    before: TURNS_BEFORE_PAUSE,
    pause: () => this.#connection?.pause(),
    resume: () => this.#connection?.resume(),
  });
  readonly #outward: Outward;
  readonly #masker: SessionMasker;
  #connection: ServerConnection | undefined;
  #channel: Channel | undefined;
  #over = false;
  #ending: Promise<void> = Promise.resolve();

  constructor(parts: SessionParts, tunnel: TunnelSide) {
    this.id = parts.id;
    this.server = parts.server;
    this.tunnel = tunnel;
    this.#parts = parts;
    this.#outward = new Outward({
      begin: (callId) => parts.beginCall(callId, parts.server, parts.id),
      send: (outgoing) => this.#connection?.send(outgoing) !== false,
      pause: () => this.#channel?.stream.pause(),
      resume: () => this.#channel?.stream.resume(),
    });
    this.#masker = parts.openMasker({
      server: parts.server,
      release: (released) => this.#leave(released),
      answerServer: (payload) =>
        void this.#connection?.send({ exchange: 0, payload, expectsAnswer: false, headers: {} }),
    });
  }

  get attached(): boolean {
    return this.#channel !== undefined;
  }

  get over(): boolean {
    return this.#over;
  }

  /** The server is there. If the session ended meanwhile, so does the server. */
  started(connection: ServerConnection): void {
    this.#connection = connection;
    if (this.#over) this.#ending = connection.end(true);
  }

  /** Takes a channel, in place of the one before if that still seems alive. */
  attach(channelId: string, stream: ChannelStream, tunnel: TunnelSide): void {
    const before = this.#channel;
    this.tunnel = tunnel;
    this.#channel = undefined;
    if (before !== undefined) {
      before.outbox.close();
      before.stream.cancel();
      this.#dropTurns();
      this.#masker.drop();
      this.#connection?.forgetExchanges();
    }
    const outbox = new Outbox(
      stream,
      () => this.#connection?.pause(),
      () => this.#connection?.resume(),
    );
    const channel: Channel = { id: channelId, stream, outbox, assembler: new Assembler() };
    this.#channel = channel;
    this.detachedSinceMs = 0;
    stream.on('data', (frame) => this.#frame(channel, frame));
    stream.on('error', () => undefined);
    stream.on('status', () => this.#channelClosed(channel));
    outbox.frame({ hello: { channelId } });
    this.#connection?.resume();
    const { messages, dropped } = this.#detached.take();
    if (dropped > 0) this.#parts.log.warn('messages dropped while no channel was there', { dropped });
    for (const message of messages) outbox.message(message);
  }

  /** Ends the session for good and says so to the gateway. Idempotent. Resolves when the server is gone. */
  end(reason: string, detail: string, urgent: boolean): Promise<void> {
    if (this.#over) {
      if (urgent) this.#ending = this.#connection?.end(true) ?? this.#ending;
      return this.#ending;
    }
    this.#finish(reason, detail, urgent);
    this.#ending = this.#connection?.end(urgent) ?? Promise.resolve();
    return this.#ending;
  }

  // ---- from the server ----

  message(exchange: number, payload: Buffer): void {
    this.traffic += 1;
    this.awaiting = false;
    this.#turns.take(this.#masker.analysis(exchange, payload), (analysed) =>
      this.#leave(this.#masker.fromServer(exchange, payload, analysed)),
    );
  }

  exchangeEnded(end: ExchangeEnd): void {
    this.traffic += 1;
    this.awaiting = false;
    const { errorBody } = end;
    const analysis = errorBody === undefined ? undefined : this.#masker.analysis(end.exchange, errorBody);
    this.#turns.take(analysis, (analysed) => this.#endExchange(end, analysed));
  }

  #endExchange({ errorBody, ...rest }: ExchangeEnd, analysed: Analysed | undefined): void {
    this.#leave(this.#masker.exchangeEnded(rest.exchange));
    if (this.#channel === undefined) return;
    if (errorBody === undefined) {
      this.#channel.outbox.frame({ exchangeEnded: rest });
      return;
    }
    const { payload, findings, rulesVersion, withheld } = this.#masker.errorBody(
      rest.exchange,
      errorBody,
      analysed,
    );
    this.#channel.outbox.frame({
      exchangeEnded: { ...rest, errorBody: payload, findings: [...findings], rulesVersion, withheld },
    });
  }

  drained(): void {
    this.#outward.drained();
  }

  ended(reason: string, detail: string): void {
    this.#turns.take(undefined, () => this.#serverEnded(reason, detail));
  }

  #serverEnded(reason: string, detail: string): void {
    if (this.#over) return;
    this.#parts.log.info('session ended by its server', { reason, detail });
    this.#finish(reason, detail, false);
    this.#ending = this.#connection?.end(true) ?? Promise.resolve();
  }

  /** What still waits to be analysed has nobody left to go to. */
  #dropTurns(): void {
    this.#outward.drop();
    const dropped = this.#turns.drop();
    if (dropped > 0) this.#parts.log.warn('messages dropped that waited to be analysed', { dropped });
  }

  /** Hands over what may leave. */
  #leave(released: readonly Released[]): void {
    for (const message of released) {
      if (message.withheld !== '') {
        const { exchange, withheld } = message;
        this.#parts.log.warn('a message of the server was withheld', { exchange, reason: withheld });
      }
      if (this.#channel !== undefined) this.#channel.outbox.message(message);
      else if (message.exchange === 0 && !this.#over) this.#detached.add(message);
    }
  }

  // ---- from the gateway ----

  #frame(channel: Channel, frame: GatewayFrame__Output): void {
    if (channel !== this.#channel) return;
    const part = frame.toServer;
    if (part) {
      // The hot path: a whole message in one frame goes straight on.
      if (part.last && channel.assembler.idle) this.#toServer(channel, { ...part, tooLarge: false });
      else {
        const whole = channel.assembler.add(part);
        if (whole !== undefined) this.#toServer(channel, whole);
      }
    } else if (frame.cancelExchange) {
      this.#leave(this.#masker.exchangeEnded(frame.cancelExchange.exchange));
      const { exchange } = frame.cancelExchange;
      this.#outward.afterwards(() => this.#connection?.cancel(exchange));
    } else if (frame.openListen) {
      this.#connection?.listen(frame.openListen.exchange, frame.openListen.lastEventId);
    } else if (frame.endChannel) this.#endedByGateway(frame.endChannel.reason);
  }

  #toServer(channel: Channel, message: Assembled): void {
    this.traffic += 1;
    const { exchange } = message;
    if (message.tooLarge) {
      this.#notSent(channel, exchange, 'too_large', 'the message is larger than a server may be sent');
      return;
    }
    const ready = this.#parts.rulesReady(message.masking?.rulesVersion ?? 0);
    if (ready === true) this.#send(channel, message);
    else void this.#sendWhenReady(channel, message, ready);
  }

  /** The rules come on another stream of the tunnel: a message that was decided with newer ones waits for them. */
  async #sendWhenReady(channel: Channel, message: Assembled, ready: Promise<boolean>): Promise<void> {
    channel.stream.pause();
    const came = await ready;
    if (channel !== this.#channel || this.#over) return;
    if (came) this.#send(channel, message);
    else
      this.#notSent(
        channel,
        message.exchange,
        'masking_rules',
        'the agent does not have the masking rules the gateway decided with',
      );
    channel.stream.resume();
  }

  #send(channel: Channel, message: Assembled): void {
    const { exchange, callId, expectsAnswer } = message;
    const headers = this.#parts.relayedHeaders(message.headers);
    const scope = message.masking ?? undefined;
    const masked = this.#masker.toServer({ exchange, payload: message.payload, headers, scope });
    if ('error' in masked) {
      this.#notSent(channel, exchange, masked.error, masked.detail);
      return;
    }
    const outgoing = { exchange, payload: masked.payload, expectsAnswer, headers };
    const given = (): void => {
      if (expectsAnswer) this.awaiting = true;
    };
    this.#outward.send(callId, outgoing, given, (why) =>
      this.#notSent(channel, exchange, why.error, why.detail),
    );
  }

  #notSent(channel: Channel, exchange: number, error: string, detail: string): void {
    channel.outbox.frame({ exchangeEnded: { exchange, delivery: 'DELIVERY_NOT_SENT', error, detail } });
  }

  #endedByGateway(reason: string): void {
    this.#parts.log.debug('session ended by the gateway', { reason });
    void this.end('ended', reason, isUrgent(reason));
  }

  #channelClosed(channel: Channel): void {
    if (channel !== this.#channel) return;
    channel.outbox.close();
    this.#channel = undefined;
    this.detachedSinceMs = performance.now();
    this.#parts.log.info('channel closed, the session stays', { channel: channel.id });
    this.#dropTurns();
    this.#leave(this.#masker.releaseAll());
    this.#masker.drop();
    this.#connection?.forgetExchanges();
    // A source that was stopped for the slow channel must run again, or the server blocks.
    this.#connection?.resume();
  }

  #finish(reason: string, detail: string, urgent: boolean): void {
    this.#dropTurns();
    if (!urgent) this.#leave(this.#masker.releaseAll());
    this.#masker.drop();
    this.#over = true;
    const channel = this.#channel;
    this.#channel = undefined;
    if (channel === undefined) this.tunnel.sessionEnded(this.id, reason, detail);
    else closeChannel(channel, { sessionId: this.id, reason, detail }, urgent);
    this.#parts.onOver(this);
  }
}
