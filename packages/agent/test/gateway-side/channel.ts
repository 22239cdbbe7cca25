import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { AgentFrame__Output, ExchangeEnded__Output, GatewayFrame } from '@sallyport/proto';
import { until } from './until.ts';

export type ChannelCall = ServerDuplexStream<AgentFrame__Output, GatewayFrame>;

/** The gateway's end of one Channel stream. */
export class TestChannel {
  readonly call: ChannelCall;
  /** Whole messages in the order of their last part, with their exchange. */
  readonly messages: { exchange: number; payload: Buffer }[] = [];
  readonly exchangesEnded: ExchangeEnded__Output[] = [];
  readonly frameSizes: number[] = [];
  sessionEnded: { reason: string; detail: string } | undefined;
  closed = false;
  #parts: Buffer[] = [];

  constructor(call: ChannelCall) {
    this.call = call;
    call.on('data', (frame: AgentFrame__Output) => this.#frame(frame));
    call.on('end', () => {
      this.closed = true;
      call.end();
    });
    call.on('cancelled', () => {
      this.closed = true;
    });
    call.on('error', () => undefined);
  }

  /** Sends a message as one exchange, in parts of `partBytes`. */
  send(
    exchange: number,
    message: object | string | Buffer,
    more: {
      callId?: string;
      expectsAnswer?: boolean;
      headers?: Record<string, string>;
      partBytes?: number;
    } = {},
  ): void {
    const payload = Buffer.isBuffer(message)
      ? message
      : Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
    const { callId = '', expectsAnswer = true, headers = {}, partBytes = 256 * 1024 } = more;
    for (let at = 0; at === 0 || at < payload.length; at += partBytes) {
      const last = at + partBytes >= payload.length;
      const part = payload.subarray(at, at + partBytes);
      this.call.write({ toServer: { exchange, callId, payload: part, last, expectsAnswer, headers } });
    }
  }

  frame(frame: GatewayFrame): void {
    this.call.write(frame);
  }

  /** The message at `index`, parsed, once it has come. */
  async json(index: number): Promise<Record<string, unknown>> {
    await until(() => this.messages.length > index, `message ${index}`);
    // What the fixtures send is an object.
    return JSON.parse(this.messages[index]?.payload.toString() ?? '') as Record<string, unknown>;
  }

  async ended(exchange: number): Promise<ExchangeEnded__Output> {
    const find = (): ExchangeEnded__Output | undefined =>
      this.exchangesEnded.find((end) => end.exchange === exchange);
    await until(() => find() !== undefined, `end of exchange ${exchange}`);
    const end = find();
    if (end === undefined) throw new Error('seen a moment ago');
    return end;
  }

  #frame(frame: AgentFrame__Output): void {
    if (frame.fromServer) {
      this.frameSizes.push(frame.fromServer.payload.length);
      this.#parts.push(frame.fromServer.payload);
      if (!frame.fromServer.last) return;
      this.messages.push({ exchange: frame.fromServer.exchange, payload: Buffer.concat(this.#parts) });
      this.#parts = [];
    } else if (frame.exchangeEnded) this.exchangesEnded.push(frame.exchangeEnded);
    else if (frame.sessionEnded) this.sessionEnded = frame.sessionEnded;
  }
}
