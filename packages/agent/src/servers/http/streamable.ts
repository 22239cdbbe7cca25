import {
  ANSWERED_LINGER_MS,
  DELETE_TIMEOUT_MS,
  EXCHANGES_PER_SESSION_MAX,
  SERVER_SESSION_ID_MAX_BYTES,
  UNSENT_BYTES_MAX,
} from '../../limits.ts';
import type { Logger } from '../../telemetry/index.ts';
import type {
  EndReason,
  Era,
  ExchangeEnd,
  ExchangeError,
  OutboundMessage,
  ServerConnection,
  ServerEvents,
} from '../types.ts';
import { Exchange, type ExchangeOwner } from './exchange.ts';
import type { HttpRequests } from './requests.ts';

const POST_ACCEPT = 'application/json, text/event-stream';
const NO_ANSWER = { started: () => {}, sent: () => {}, response: () => {}, data: () => {} } as const;

export interface StreamableParts {
  readonly url: string;
  readonly era: Era;
  readonly events: ServerEvents;
  readonly log: Logger;
  readonly requests: HttpRequests;
  /** The configured headers with their credentials, read now. @throws Error with words. */
  readonly credentialHeaders: () => Record<string, string>;
}

/**
 * A session with a Streamable HTTP server (MCP 2025-03-26 and later). Each message is a POST; the server's
 * Mcp-Session-Id stays here and never reaches the gateway.
 */
export class StreamableConnection implements ServerConnection, ExchangeOwner {
  readonly resumes: boolean;
  paused = false;
  readonly #parts: StreamableParts;
  readonly #exchanges = new Map<number, Exchange>();
  readonly #forgotten = new Set<Exchange>();
  readonly #unsent = new Map<Exchange, number>();
  readonly #lingering = new Set<Exchange>();
  #unsentBytes = 0;
  #blocked = false;
  #sessionId = '';
  #protocolVersion = '';
  #listenId = '';
  #linger: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;

  constructor(parts: StreamableParts) {
    this.#parts = parts;
    this.resumes = parts.era === 'legacy';
  }

  send(message: OutboundMessage): boolean {
    const { exchange, payload, expectsAnswer, headers } = message;
    if (this.#ended !== undefined) return true;
    if (this.#exchanges.size >= EXCHANGES_PER_SESSION_MAX) {
      this.#refuse(
        exchange,
        'backlog',
        `more than ${EXCHANGES_PER_SESSION_MAX} requests of one session are open`,
      );
      return true;
    }
    const sent = this.#headers(exchange, POST_ACCEPT, headers);
    if (sent === undefined) return true;
    sent['content-type'] = 'application/json';
    const version = headers['mcp-protocol-version'];
    if (version !== undefined) this.#protocolVersion = version;
    const kind = { number: exchange, method: 'POST', expectsAnswer, bodyBytes: payload.length } as const;
    const request = new Exchange(kind, this, '');
    this.#exchanges.set(exchange, request);
    this.#unsent.set(request, payload.length);
    this.#unsentBytes += payload.length;
    this.#parts.requests.dispatch(
      { method: 'POST', url: this.#parts.url, headers: sent, body: payload },
      request,
    );
    this.#blocked = this.#unsentBytes > UNSENT_BYTES_MAX;
    return !this.#blocked;
  }

  cancel(exchange: number): void {
    this.#exchanges.get(exchange)?.cancel();
  }

  listen(exchange: number, lastEventId: string): void {
    if (this.#ended !== undefined) return;
    // The gateway can't know event ids; those of the last stream are remembered here for a channel that broke.
    const from = lastEventId === '' ? this.#listenId : lastEventId;
    const kind = { number: exchange, method: 'GET', expectsAnswer: false, bodyBytes: 0 } as const;
    const request = new Exchange(kind, this, from);
    this.#exchanges.set(exchange, request);
    this.#get(request, from);
  }

  forgetExchanges(): void {
    for (const request of [...this.#exchanges.values()]) {
      this.#exchanges.delete(request.kind.number);
      if (request.kind.method === 'GET') this.#listenId = request.lastEventId;
      // In the modern era a closed stream is a cancellation, and the client's stream is gone. In the legacy era
      // it is none: the server works on.
      if (!this.resumes || request.kind.method === 'GET') request.cancel();
      else {
        this.#forgotten.add(request);
        request.forget();
      }
    }
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    for (const request of this.#exchanges.values()) request.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    for (const request of this.#exchanges.values()) request.resume();
  }

  end(urgent: boolean): Promise<void> {
    return this.#end('ended', '', !urgent);
  }

  // ---- what exchanges tell ----

  message(exchange: number, payload: Buffer): void {
    this.#parts.events.message(exchange, payload);
  }

  accepted(headers: Readonly<Record<string, string | string[] | undefined>>): void {
    const id = headers['mcp-session-id'];
    if (this.#sessionId !== '' || this.#parts.era === 'modern' || typeof id !== 'string') return;
    if (id.length <= SERVER_SESSION_ID_MAX_BYTES && /^[\x21-\x7e]+$/.test(id)) this.#sessionId = id;
  }

  lost(): boolean {
    if (this.#sessionId === '') return false;
    // After the exchange has told its own end.
    queueMicrotask(() => void this.#end('lost', 'the server no longer knows the session (HTTP 404)', false));
    return true;
  }

  requestResume(exchange: Exchange, lastEventId: string): void {
    this.#get(exchange, lastEventId);
  }

  bodyLeft(exchange: Exchange): void {
    const size = this.#unsent.get(exchange);
    if (size === undefined) return;
    this.#unsent.delete(exchange);
    this.#unsentBytes -= size;
    if (this.#blocked && this.#unsentBytes <= UNSENT_BYTES_MAX) {
      this.#blocked = false;
      this.#parts.events.drained();
    }
  }

  answered(exchange: Exchange): void {
    this.#lingering.add(exchange);
    // One timer for all, not one for each answer.
    this.#linger ??= setTimeout(() => this.#cutLingering(), ANSWERED_LINGER_MS).unref();
  }

  over(exchange: Exchange, end: ExchangeEnd | undefined): void {
    const { number } = exchange.kind;
    this.#lingering.delete(exchange);
    this.#forgotten.delete(exchange);
    if (this.#exchanges.get(number) !== exchange) return;
    this.#exchanges.delete(number);
    if (exchange.kind.method === 'GET') this.#listenId = exchange.lastEventId;
    if (end !== undefined && this.#ended === undefined) this.#parts.events.exchangeEnded(end);
  }

  #cutLingering(): void {
    this.#linger = undefined;
    const seen = [...this.#lingering];
    if (seen.length === 0) return;
    this.#linger = setTimeout(() => {
      this.#linger = undefined;
      for (const exchange of seen) if (this.#lingering.has(exchange)) exchange.cutAfterAnswer();
      if (this.#lingering.size > 0)
        this.#linger = setTimeout(() => this.#cutLingering(), ANSWERED_LINGER_MS).unref();
    }, ANSWERED_LINGER_MS).unref();
  }

  #get(request: Exchange, lastEventId: string): void {
    const headers = this.#headers(request.kind.number, 'text/event-stream', {});
    if (headers === undefined) return;
    if (lastEventId !== '') headers['last-event-id'] = lastEventId;
    this.#parts.requests.dispatch({ method: 'GET', url: this.#parts.url, headers }, request);
  }

  /** Undefined where a credential is missing; the exchange has been ended then. */
  #headers(
    exchange: number,
    accept: string,
    relayed: Readonly<Record<string, string>>,
  ): Record<string, string> | undefined {
    let own: Record<string, string>;
    try {
      own = this.#parts.credentialHeaders();
    } catch (thrown) {
      this.#refuse(exchange, 'credential', thrown instanceof Error ? thrown.message : String(thrown));
      return undefined;
    }
    const headers = { ...own, ...relayed, accept };
    return { ...headers, ...this.#sessionHeaders(relayed) };
  }

  #sessionHeaders(relayed: Readonly<Record<string, string>>): Record<string, string> {
    const headers: Record<string, string> = {};
    if (this.#sessionId !== '') headers['mcp-session-id'] = this.#sessionId;
    if (this.#protocolVersion !== '' && relayed['mcp-protocol-version'] === undefined && this.resumes) {
      headers['mcp-protocol-version'] = this.#protocolVersion;
    }
    return headers;
  }

  #refuse(exchange: number, error: ExchangeError, detail: string): void {
    this.#exchanges.delete(exchange);
    this.#parts.events.exchangeEnded({
      exchange,
      delivery: 'DELIVERY_NOT_SENT',
      error,
      detail,
      httpStatus: 0,
    });
  }

  #end(reason: EndReason, detail: string, courteous: boolean): Promise<void> {
    if (this.#ended !== undefined) return this.#ended;
    this.#ended = courteous && this.#sessionId !== '' ? this.#delete() : Promise.resolve();
    clearTimeout(this.#linger);
    for (const request of [...this.#exchanges.values(), ...this.#forgotten]) request.cancel();
    this.#parts.events.ended(reason, detail);
    return this.#ended;
  }

  /** Tells the server that the session is over. A courtesy: whatever it answers is fine. */
  #delete(): Promise<void> {
    return new Promise((resolve) => {
      let headers: Record<string, string>;
      try {
        headers = { ...this.#parts.credentialHeaders(), ...this.#sessionHeaders({}) };
      } catch {
        resolve();
        return;
      }
      setTimeout(resolve, DELETE_TIMEOUT_MS).unref();
      this.#parts.requests.dispatch(
        { method: 'DELETE', url: this.#parts.url, headers, headersTimeoutMs: DELETE_TIMEOUT_MS },
        { ...NO_ANSWER, end: resolve, failed: () => resolve() },
      );
    });
  }
}
