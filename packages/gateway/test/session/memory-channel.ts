import type { AgentFrame__Output, GatewayFrame } from '@sallyport/proto';
import { type Message, readMessage } from '@sallyport/shared/jsonrpc';
import type { Outgoing } from '../../src/session/link.ts';
import type { SessionChannel } from '../../src/session/types.ts';

/** What an agent says of a message in which it found nothing. */
const MASKED = { findings: [], rulesVersion: 1, withheld: '' };

/** A channel without a tunnel: what the room sends is kept, and the test says what the agent says. */
export class MemoryChannel implements SessionChannel {
  readonly agent = 'agent';
  readonly transport: 'stdio' | 'http' | 'sse';
  readonly sent: GatewayFrame[] = [];
  /** What `send` answers: false is a channel without room. */
  roomLeft = true;
  paused = false;
  ended: string | undefined;
  #drain: () => void = () => undefined;
  #frame: (frame: AgentFrame__Output) => void = () => undefined;
  #close: (close: { reason: string; resumable: boolean }) => void = () => undefined;

  constructor(transport: 'stdio' | 'http' | 'sse' = 'stdio') {
    this.transport = transport;
  }

  send(frame: GatewayFrame): boolean {
    this.sent.push(frame);
    return this.roomLeft;
  }

  onDrain(listener: () => void): void {
    this.#drain = listener;
  }

  onFrame(listener: (frame: AgentFrame__Output) => void): void {
    this.#frame = listener;
  }

  onClose(listener: (close: { reason: string; resumable: boolean }) => void): void {
    this.#close = listener;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(reason: string): void {
    this.ended = reason;
  }

  drain(): void {
    this.roomLeft = true;
    this.#drain();
  }

  /** A message of the server, whole or as one part of it. */
  say(payload: string | Buffer, exchange = 0, last = true): void {
    this.#frame({ fromServer: { exchange, payload: Buffer.from(payload), last, ...MASKED } });
  }

  exchangeEnded(
    exchange: number,
    end: { delivery: 'DELIVERY_NOT_SENT' | 'DELIVERY_SENT'; error: string; errorBody?: string },
  ): void {
    this.#frame({
      exchangeEnded: {
        exchange,
        delivery: end.delivery,
        error: end.error,
        detail: 'in words',
        httpStatus: 0,
        errorBody: Buffer.from(end.errorBody ?? ''),
        ...MASKED,
      },
    });
  }

  sessionEnded(reason: string, detail: string): void {
    this.#frame({ sessionEnded: { sessionId: 'ses', reason, detail } });
  }

  close(reason: string, resumable: boolean): void {
    this.#close({ reason, resumable });
  }

  /** The messages that were sent, put together again from their parts. */
  get messages(): string[] {
    const found: string[] = [];
    let parts: Buffer[] = [];
    for (const { toServer } of this.sent) {
      if (!toServer) continue;
      parts.push(Buffer.from(toServer.payload ?? ''));
      if (toServer.last !== true) continue;
      found.push(Buffer.concat(parts).toString());
      parts = [];
    }
    return found;
  }
}

/** A request as the corridor hands it to the room. */
export function request(id: string, options: Partial<Outgoing> & { text?: string } = {}): Outgoing {
  const { text = `{"jsonrpc":"2.0","id":${id},"method":"tools/call"}`, ...rest } = options;
  return {
    raw: Buffer.from(text),
    idKey: readMessage(Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"m"}`)).idKey,
    progressKey: undefined,
    callId: `call-${id}`,
    expectsAnswer: true,
    headers: {},
    deadlineMs: Number.POSITIVE_INFINITY,
    ...rest,
  };
}

export function message(text: string): Message {
  return readMessage(Buffer.from(text));
}

export function answer(id: string, text = ''): string {
  return `{"jsonrpc":"2.0","id":${id},"result":{"text":"${text}"}}`;
}

export function progress(token: string, text = ''): string {
  return `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"message":"${text}"}}`;
}
