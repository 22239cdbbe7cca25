import { MESSAGE_FROM_SERVER_MAX_BYTES } from '@sallyport/shared/limits';
import type { Dispatcher } from 'undici';
import { EVENT_ID_MAX_BYTES, EXCHANGES_PER_SESSION_MAX } from '../../limits.ts';
import type { Logger } from '../../telemetry/index.ts';
import { ServerError } from '../errors.ts';
import type { EndReason, ExchangeError, OutboundMessage, ServerConnection, ServerEvents } from '../types.ts';
import { describeFailure } from './failure.ts';
import type { HttpRequests } from './requests.ts';
import { SseParser } from './sse-parser.ts';

export interface LegacySseParts {
  readonly url: string;
  readonly events: ServerEvents;
  readonly log: Logger;
  readonly requests: HttpRequests;
  readonly credentialHeaders: () => Record<string, string>;
  /** Whether the agent's owner lets the server point to this URL; the server's own origin always may. */
  readonly mayReach: (url: string) => boolean;
}

/**
 * A session with a server of the HTTP+SSE transport (MCP 2024-11-05): one GET stream carries all that the server
 * says, its first event names the URL to POST to. Like stdio, the transport doesn't tell what belongs to which
 * request, so messages have exchange 0 and only failed POSTs end their exchange.
 */
export class LegacySseConnection implements ServerConnection {
  readonly #parts: LegacySseParts;
  readonly #posts = new Map<number, { controller: Dispatcher.DispatchController | undefined }>();
  readonly #ready = Promise.withResolvers<void>();
  #stream: Dispatcher.DispatchController | undefined;
  #endpoint = '';
  #paused = false;
  #ended = false;

  private constructor(parts: LegacySseParts) {
    this.#parts = parts;
  }

  /** @throws ServerError in plain words when the stream or its endpoint does not come in time. */
  static async open(parts: LegacySseParts, timeoutMs: number): Promise<LegacySseConnection> {
    const connection = new LegacySseConnection(parts);
    const timer = setTimeout(
      () => connection.#unavailable('the server did not name its endpoint in time'),
      timeoutMs,
    );
    connection.#openStream();
    try {
      await connection.#ready.promise;
      return connection;
    } catch (cause) {
      // Nobody has the connection yet, so its end is nobody's news.
      connection.#ended = true;
      connection.#stream?.abort(new Error('over'));
      throw cause;
    } finally {
      clearTimeout(timer);
    }
  }

  send(message: OutboundMessage): boolean {
    const { exchange } = message;
    if (this.#ended) return true;
    if (this.#posts.size >= EXCHANGES_PER_SESSION_MAX) {
      this.#fail(exchange, 'DELIVERY_NOT_SENT', 'backlog', 'too many requests of one session are open', 0);
      return true;
    }
    let headers: Record<string, string>;
    try {
      headers = {
        ...this.#parts.credentialHeaders(),
        ...message.headers,
        'content-type': 'application/json',
      };
    } catch (thrown) {
      const words = thrown instanceof Error ? thrown.message : String(thrown);
      this.#fail(exchange, 'DELIVERY_NOT_SENT', 'credential', words, 0);
      return true;
    }
    this.#post(exchange, headers, message.payload);
    return true;
  }

  cancel(exchange: number): void {
    // The POST is over as soon as the server has taken the message; what follows can't be closed by itself.
    this.#posts.delete(exchange);
  }

  listen(): void {}

  forgetExchanges(): void {
    this.#posts.clear();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#stream?.resume();
  }

  async end(): Promise<void> {
    this.#end('ended', '');
  }

  #openStream(): void {
    const parser = new SseParser(MESSAGE_FROM_SERVER_MAX_BYTES, EVENT_ID_MAX_BYTES, {
      event: (type, data) => this.#event(type, data),
      id: () => {},
      retry: () => {},
      tooLarge: () => this.#end('guard', 'the server sent an event larger than a message may be'),
    });
    const headers = { ...this.#parts.credentialHeaders(), accept: 'text/event-stream' };
    this.#parts.requests.dispatch(
      { method: 'GET', url: this.#parts.url, headers },
      {
        started: (controller) => {
          this.#stream = controller;
          if (this.#ended) controller.abort(new Error('over'));
        },
        sent: () => {},
        response: (status, answer) => {
          if (this.#paused) this.#stream?.pause();
          const type = String(answer['content-type'] ?? '');
          if (status !== 200) this.#unavailable(`the server answered HTTP ${status}`);
          else if (!type.startsWith('text/event-stream')) {
            this.#unavailable('the server did not answer with an event stream');
          }
        },
        data: (chunk) => {
          if (!this.#ended) parser.push(chunk);
        },
        end: () => this.#streamOver('the server closed its stream'),
        failed: (error) => this.#streamOver(describeFailure(error).words),
      },
    );
  }

  #event(type: string, data: Buffer): void {
    if (this.#ended) return;
    if (type === 'endpoint') this.#setEndpoint(data.toString('utf8'));
    else if (type === 'message' && this.#endpoint !== '') this.#parts.events.message(0, data);
  }

  #setEndpoint(text: string): void {
    if (this.#endpoint !== '') return;
    const base = new URL(this.#parts.url);
    const url = URL.canParse(text, base.href) ? new URL(text, base) : undefined;
    // Credentials go to this URL: a server must not be able to send them elsewhere.
    if (url === undefined || (url.origin !== base.origin && !this.#parts.mayReach(url.href))) {
      const why = 'the server named an endpoint on another host, which agent.yaml does not allow';
      this.#ready.reject(new ServerError('forbidden_by_agent', why));
      return;
    }
    this.#endpoint = url.href;
    this.#ready.resolve();
  }

  #unavailable(why: string): void {
    if (this.#endpoint === '') this.#ready.reject(new ServerError('server_unavailable', why));
    else this.#end('lost', why);
  }

  #streamOver(why: string): void {
    if (this.#endpoint === '') this.#unavailable(why);
    else this.#end('closed', why);
  }

  #post(exchange: number, headers: Record<string, string>, body: Buffer): void {
    const post: { controller: Dispatcher.DispatchController | undefined } = { controller: undefined };
    this.#posts.set(exchange, post);
    let started = false;
    let status = 0;
    const over = (): boolean => {
      if (this.#posts.get(exchange) !== post) return false;
      this.#posts.delete(exchange);
      return true;
    };
    this.#parts.requests.dispatch(
      { method: 'POST', url: this.#endpoint, headers, body },
      {
        started: (controller) => {
          started = true;
          post.controller = controller;
        },
        sent: () => {},
        response: (code) => {
          status = code;
        },
        data: () => {},
        end: () => {
          if (!over() || status < 300) return;
          this.#fail(
            exchange,
            'DELIVERY_ANSWERED',
            'http_status',
            `the server answered HTTP ${status}`,
            status,
          );
        },
        failed: (error) => {
          if (!over()) return;
          const { code, words } = describeFailure(error);
          if (started) this.#fail(exchange, 'DELIVERY_SENT', code, words, 0);
          else
            this.#fail(
              exchange,
              'DELIVERY_NOT_SENT',
              'connect',
              `the server could not be reached: ${words}`,
              0,
            );
        },
      },
    );
  }

  #fail(
    exchange: number,
    delivery: 'DELIVERY_NOT_SENT' | 'DELIVERY_SENT' | 'DELIVERY_ANSWERED',
    error: ExchangeError,
    detail: string,
    httpStatus: number,
  ): void {
    if (!this.#ended) this.#parts.events.exchangeEnded({ exchange, delivery, error, detail, httpStatus });
  }

  #end(reason: EndReason, detail: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream?.abort(new Error('over'));
    for (const post of this.#posts.values()) post.controller?.abort(new Error('over'));
    this.#posts.clear();
    this.#parts.events.ended(reason, detail);
  }
}
