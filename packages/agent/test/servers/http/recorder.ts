import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HttpServers, openHttpServers } from '../../../src/servers/http/index.ts';
import type { ExchangeEnd, ServerConnection, ServerEvents } from '../../../src/servers/types.ts';
import { listeningLogger } from '../../gateway-side/agent.ts';
import { until } from '../../gateway-side/until.ts';

/** Keeps what a connection tells. */
export class Recorder implements ServerEvents {
  readonly messages: { exchange: number; text: string }[] = [];
  readonly ends: ExchangeEnd[] = [];
  drains = 0;
  over: { reason: string; detail: string } | undefined;

  message(exchange: number, payload: Buffer): void {
    this.messages.push({ exchange, text: payload.toString() });
  }

  exchangeEnded(end: ExchangeEnd): void {
    this.ends.push(end);
  }

  drained(): void {
    this.drains += 1;
  }

  ended(reason: string, detail: string): void {
    this.over = { reason, detail };
  }

  async end(exchange: number): Promise<ExchangeEnd> {
    const find = (): ExchangeEnd | undefined => this.ends.find((each) => each.exchange === exchange);
    await until(() => find() !== undefined, `end of exchange ${exchange}`);
    const end = find();
    if (end === undefined) throw new Error('seen a moment ago');
    return end;
  }
}

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (request: Seen, response: ServerResponse) => void;

/** A real HTTP server that a test answers for, and a connection of the agent to it. */
export class HttpBench {
  readonly seen: Seen[] = [];
  answer: Answer = (_request, response) => response.writeHead(500).end();
  closedByClient = 0;
  readonly #server: Server;
  readonly #servers: HttpServers;
  url = '';

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
        this.seen.push(seen);
        this.answer(seen, response);
      });
      response.on('close', () => {
        if (!response.writableFinished) this.closedByClient += 1;
      });
    });
    this.#servers = openHttpServers({
      resolveValues: (sources) => {
        const values: Record<string, string> = {};
        for (const [name, source] of Object.entries(sources)) {
          if (source.kind === 'credential' && source.reference === 'env:MISSING')
            throw new Error('MISSING is not set');
          values[name] = source.kind === 'literal' ? source.text : 'Bearer s3cret';
        }
        return values;
      },
      mayReach: () => false,
    });
  }

  static async start(): Promise<HttpBench> {
    const bench = new HttpBench();
    await new Promise<void>((resolve) => bench.#server.listen(0, '127.0.0.1', resolve));
    // A TCP server's address is an object.
    bench.url = `http://127.0.0.1:${(bench.#server.address() as AddressInfo).port}/mcp`;
    return bench;
  }

  async connect(
    more: {
      era?: 'legacy' | 'modern';
      transport?: 'http' | 'sse';
      reference?: string;
      timeoutMs?: number;
      url?: string;
    } = {},
  ): Promise<{ connection: ServerConnection; events: Recorder }> {
    const {
      era = 'legacy',
      transport = 'http',
      reference = 'env:TOKEN',
      timeoutMs = 5_000,
      url = this.url,
    } = more;
    const events = new Recorder();
    const definition = {
      name: 'bench',
      transport,
      url,
      headers: { Authorization: { kind: 'credential' as const, reference, format: 'Bearer {}' } },
    };
    const { log } = listeningLogger();
    const connection = await this.#servers.open({ definition, era, timeoutMs, events, log });
    return { connection, events };
  }

  async stop(): Promise<void> {
    await this.#servers.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A message for `send`. */
export function post(
  exchange: number,
  text: string,
  more: { expectsAnswer?: boolean; headers?: Record<string, string> } = {},
) {
  const { expectsAnswer = true, headers = {} } = more;
  return { exchange, payload: Buffer.from(text), expectsAnswer, headers };
}
