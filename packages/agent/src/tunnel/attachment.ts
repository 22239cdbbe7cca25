import { status } from '@grpc/grpc-js';
import { TUNNEL_PROTOCOL, type TunnelClient } from '@sallyport/proto';
import { errorText } from '@sallyport/shared/errors';
import { FRAME_PAYLOAD_MAX_BYTES } from '@sallyport/shared/limits';
import { ATTACH_TIMEOUT_MS } from '../limits.ts';
import type { Logger } from '../telemetry/index.ts';
import type { AttachCall, ChannelCall, Control, Order, Side, TunnelHandlers } from './types.ts';

/** How an attachment ended, for the link to decide when to try again. */
export type AttachmentEnd =
  | { readonly kind: 'lost'; readonly why: string }
  | { readonly kind: 'refused'; readonly code: string; readonly why: string }
  | { readonly kind: 'draining' }
  | { readonly kind: 'superseded' };

interface AttachmentEvents {
  welcome(welcome: NonNullable<Order['welcome']>): void;
  lease(): void;
  openChannel(order: NonNullable<Order['openChannel']>, side: Side): void;
  endSession(sessionId: string, reason: string): void;
  probe(server: string): void;
  witness: TunnelHandlers['witness'];
  receipts: TunnelHandlers['receipts'];
  listTools: TunnelHandlers['listTools'];
  rules(
    part: Parameters<ReturnType<TunnelHandlers['rulesTaker']>>[0],
  ): ReturnType<ReturnType<TunnelHandlers['rulesTaker']>>;
  /** A session has ended without a channel: the link knows the stream that can still say so. */
  sessionEnded(sessionId: string, reason: string, detail: string): void;
  /** The Attach stream is no more. Channels of the connection may go on. */
  closed(): void;
}

export interface AttachmentOptions {
  readonly linkId: string;
  readonly client: TunnelClient;
  readonly hello: NonNullable<Control['hello']>;
  readonly inventory: () => Control['inventory'];
  readonly events: AttachmentEvents;
  readonly log: Logger;
}

/**
 * One Attach stream and the connection it lives on. `done` resolves when the link should look for another: the
 * stream ended, was refused, or the gateway drains. A draining attachment stays open for its channels.
 */
export class Attachment implements Side {
  readonly id: string;
  readonly done: Promise<AttachmentEnd>;
  readonly #options: AttachmentOptions;
  readonly #call: AttachCall;
  readonly #settle: (end: AttachmentEnd) => void;
  #welcomed = false;
  #closed = false;

  constructor(options: AttachmentOptions) {
    this.id = options.linkId;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<AttachmentEnd>();
    this.done = promise;
    this.#settle = resolve;
    this.#call = options.client.Attach();
    const patience = setTimeout(() => this.#giveUp('the gateway did not answer in time'), ATTACH_TIMEOUT_MS);
    this.#call.on('data', (order: Order) => {
      if (order.welcome || order.refused) clearTimeout(patience);
      this.#order(order);
    });
    this.#call.on('error', () => undefined);
    this.#call.on('status', (ended: { code: number; details: string }) => {
      clearTimeout(patience);
      this.#streamEnded(
        ended.code,
        ended.details === '' ? `stream ended (gRPC ${ended.code})` : ended.details,
      );
    });
    this.#send({ hello: options.hello });
    this.sendInventory();
  }

  get welcomed(): boolean {
    return this.#welcomed && !this.#closed;
  }

  sendInventory(): void {
    this.#send({ inventory: this.#options.inventory() ?? { servers: [] } });
  }

  sendDraining(reason: string): void {
    this.#send({ draining: { reason } });
  }

  openChannel(): ChannelCall {
    return this.#options.client.Channel();
  }

  refuse(channelId: string, code: string, detail: string): void {
    // The relay's codes are those of the wire; the wire's type lists them one by one.
    this.#send({ channelRefused: { channelId, code: code as 'REFUSAL_CODE_UNSPECIFIED', detail } });
  }

  sessionEnded(sessionId: string, reason: string, detail: string): void {
    this.#options.events.sessionEnded(sessionId, reason, detail);
  }

  sendSessionEnded(sessionId: string, reason: string, detail: string): void {
    this.#send({ sessionEnded: { sessionId, reason, detail } });
  }

  /** Makes way for another attachment, as a drain of the gateway does. */
  supersede(): void {
    this.#settle({ kind: 'superseded' });
  }

  /** Cuts the connection with all its channels. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#call.cancel();
    this.#options.client.close();
    this.#settle({ kind: 'lost', why: 'closed by the agent' });
    this.#options.events.closed();
  }

  #giveUp(why: string): void {
    this.#settle({ kind: 'lost', why });
    this.close();
  }

  #send(control: Control): void {
    if (!this.#closed && this.#call.writable) this.#call.write(control);
  }

  #streamEnded(code: number, why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    if (code === status.UNAUTHENTICATED) this.#settle({ kind: 'refused', code: 'unauthenticated', why });
    else this.#settle({ kind: 'lost', why });
    // Channels on the connection die with it where it broke; where only this stream ended, they may finish.
    this.#options.client.close();
    this.#options.events.closed();
  }

  #order(order: Order): void {
    const { events } = this.#options;
    if (order.openChannel) events.openChannel(order.openChannel, this);
    else if (order.lease) {
      events.lease();
      this.#send({ leaseAck: { number: order.lease.number } });
    } else if (order.endSession) events.endSession(order.endSession.sessionId, order.endSession.reason);
    else if (order.welcome) this.#welcome(order.welcome);
    else if (order.refused) {
      const { code, detail } = order.refused;
      this.#settle({ kind: 'refused', code, why: detail });
      this.close();
    } else if (order.maskingRules) {
      const acknowledged = events.rules(order.maskingRules);
      if (acknowledged !== undefined) this.#send({ maskingRulesAck: acknowledged });
    } else if (order.receiptsRequest) {
      const { number, chain, after } = order.receiptsRequest;
      this.#send({ receiptsPage: { ...events.receipts({ chain, after }), number } });
    } else if (order.drain) this.#settle({ kind: 'draining' });
    else if (order.probeServer) events.probe(order.probeServer.server);
    else if (order.witnessRequest) {
      const { number } = order.witnessRequest;
      void events
        .witness(order.witnessRequest)
        .then((answer) => this.#send({ witnessAnswer: { ...answer, number } }));
    } else if (order.listTools) void this.#tellTools(order.listTools);
  }

  async #tellTools(request: NonNullable<Order['listTools']>): Promise<void> {
    const { number } = request;
    try {
      const list = await this.#options.events.listTools(request);
      for (const toolDefinitions of partsOf(number, list)) this.#send({ toolDefinitions });
    } catch (thrown) {
      const problem = errorText(thrown);
      this.#send({ toolDefinitions: { number, payload: Buffer.alloc(0), last: true, problem } });
    }
  }

  #welcome(welcome: NonNullable<Order['welcome']>): void {
    const { protocol } = welcome;
    if (protocol < TUNNEL_PROTOCOL.min || protocol > TUNNEL_PROTOCOL.max) {
      const why = `the gateway chose protocol version ${protocol}, which this agent does not speak`;
      this.#settle({ kind: 'refused', code: 'protocol_version', why });
      this.close();
      return;
    }
    this.#welcomed = true;
    this.#options.events.welcome(welcome);
  }
}

/** A list of tools in parts that fit the wire. */
function* partsOf(number: number, list: Buffer): Generator<NonNullable<Control['toolDefinitions']>> {
  for (let at = 0; at < list.length; at += FRAME_PAYLOAD_MAX_BYTES) {
    const end = at + FRAME_PAYLOAD_MAX_BYTES;
    yield { number, payload: list.subarray(at, end), last: end >= list.length, problem: '' };
  }
}
