import { MESSAGE_FROM_SERVER_MAX_BYTES } from '@sallyport/shared/limits';
import type { Dispatcher } from 'undici';
import {
  ERROR_BODY_MAX_BYTES,
  EVENT_ID_MAX_BYTES,
  RESUME_ATTEMPTS_MAX,
  RESUME_RETRY_DEFAULT_MS,
  RESUME_RETRY_MAX_MS,
} from '../../limits.ts';
import { ByteCollector } from '../bytes.ts';
import type { Delivery, ExchangeEnd, ExchangeError } from '../types.ts';
import { isAnswer } from './answer.ts';
import { firstToken, isJsonObject, single } from './body.ts';
import { describeFailure } from './failure.ts';
import type { ResponseHandlers } from './requests.ts';
import { SseParser } from './sse-parser.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What an exchange needs of the connection it belongs to. */
export interface ExchangeOwner {
  readonly paused: boolean;
  /** Whether a broken stream may be resumed by GET: the legacy era (MCP 2025-11-25). */
  readonly resumes: boolean;
  message(exchange: number, payload: Buffer): void;
  /** The headers of a 2xx answer to a POST; they may name the session. */
  accepted(headers: Headers): void;
  /** True when the 404 means that the server has lost the session; the owner then ends it. */
  lost(exchange: Exchange): boolean;
  /** GET with Last-Event-ID. */
  requestResume(exchange: Exchange, lastEventId: string): void;
  /** The request's body needs no room any more. */
  bodyLeft(exchange: Exchange): void;
  answered(exchange: Exchange): void;
  over(exchange: Exchange, end: ExchangeEnd | undefined): void;
}

export interface ExchangeKind {
  readonly number: number;
  readonly method: 'POST' | 'GET';
  readonly expectsAnswer: boolean;
  readonly bodyBytes: number;
}

/**
 * One request to a Streamable HTTP server and all that comes back for it: a JSON body, or an SSE stream that may
 * break and be resumed. Every path ends in exactly one `over`.
 */
export class Exchange implements ResponseHandlers {
  readonly kind: ExchangeKind;
  lastEventId: string;
  #owner: ExchangeOwner;
  #controller: Dispatcher.DispatchController | undefined;
  #mode: 'waiting' | 'json' | 'sse' | 'error' | 'discard' = 'waiting';
  #collector = new ByteCollector();
  #parser: SseParser | undefined;
  #status = 0;
  #isJson = false;
  #started = false;
  #answered = false;
  #resuming = false;
  #silent = false;
  #over = false;
  #retryMs = RESUME_RETRY_DEFAULT_MS;
  #attempts = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(kind: ExchangeKind, owner: ExchangeOwner, lastEventId: string) {
    this.kind = kind;
    this.#owner = owner;
    this.lastEventId = lastEventId;
  }

  started(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) {
      controller.abort(new Error('cancelled'));
      return;
    }
    this.#started = true;
  }

  sent(): void {}

  response(status: number, headers: Headers): void {
    if (this.#over) return;
    this.#owner.bodyLeft(this);
    this.#status = status;
    this.#collector.take();
    if (this.#owner.paused && !this.#silent) this.#controller?.pause();
    const type = single(headers['content-type']).toLowerCase();
    this.#isJson = type.startsWith('application/json');
    const encoding = single(headers['content-encoding']).toLowerCase();
    if (encoding !== '' && encoding !== 'identity') {
      this.#fail('bad_answer', 'the server compressed its answer although it was not asked to');
    } else if (status >= 400) this.#refused(status);
    else if (status >= 300)
      this.#fail(
        'http_status',
        `the server answered with a redirect (HTTP ${status}); redirects are not followed`,
      );
    else this.#accepted(status, headers, type);
  }

  data(chunk: Buffer): void {
    if (this.#over) return;
    if (this.#mode === 'sse') this.#parser?.push(chunk);
    else if (this.#mode === 'json') this.#collect(chunk, MESSAGE_FROM_SERVER_MAX_BYTES);
    else if (this.#mode === 'error') this.#collect(chunk, ERROR_BODY_MAX_BYTES);
  }

  end(): void {
    if (this.#over) return;
    if (this.#mode === 'sse') this.#streamEnded(undefined);
    else if (this.#mode === 'json') this.#jsonEnded();
    else if (this.#mode === 'error') this.#errorEnded();
    else if (this.kind.expectsAnswer && !this.#silent) {
      this.#finish(
        'DELIVERY_ANSWERED',
        'bad_answer',
        `the server answered a request without an answer (HTTP ${this.#status})`,
      );
    } else this.#finish('DELIVERY_ANSWERED', '', '');
  }

  failed(error: Error): void {
    if (this.#over) return;
    if (!this.#started) {
      const { words } = describeFailure(error);
      this.#finish('DELIVERY_NOT_SENT', 'connect', `the server could not be reached: ${words}`);
    } else if (this.#mode === 'sse' || this.#resuming) this.#streamEnded(error);
    else {
      const { code, words } = describeFailure(error);
      this.#finish('DELIVERY_SENT', code, words);
    }
  }

  pause(): void {
    if (!this.#silent) this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  /** Closes the request. Nothing is told any more. */
  cancel(): void {
    if (this.#over) return;
    this.#end(undefined);
  }

  /** Lets the request run to its end, but drops what it brings. */
  forget(): void {
    this.#silent = true;
    if (this.#timer !== undefined) {
      this.cancel();
      return;
    }
    this.#mode = 'discard';
    this.#collector.take();
    this.#parser = undefined;
    this.resume();
  }

  /** The stream went on long after its answer. */
  cutAfterAnswer(): void {
    this.#finish('DELIVERY_ANSWERED', '', '');
  }

  #accepted(status: number, headers: Headers, type: string): void {
    if (this.kind.method === 'POST' && !this.#resuming) this.#owner.accepted(headers);
    if (this.#silent) this.#mode = 'discard';
    else if (type.startsWith('text/event-stream')) this.#openStream();
    else if (this.kind.method === 'GET' || this.#resuming) {
      this.#fail(
        'bad_answer',
        `the server answered a GET with ${type === '' ? 'no type' : 'another type'}, not an event stream`,
      );
    } else if (this.#isJson) this.#mode = 'json';
    else if (status === 202 || status === 204 || !this.kind.expectsAnswer) this.#mode = 'discard';
    else this.#fail('bad_answer', 'the server answered neither with JSON nor with an event stream');
  }

  #openStream(): void {
    this.#mode = 'sse';
    this.#parser = new SseParser(MESSAGE_FROM_SERVER_MAX_BYTES, EVENT_ID_MAX_BYTES, {
      event: (type, data) => this.#event(type, data),
      id: (id) => {
        this.lastEventId = id;
        this.#attempts = 0;
      },
      retry: (ms) => {
        this.#retryMs = Math.min(ms, RESUME_RETRY_MAX_MS);
      },
      tooLarge: () => this.#fail('too_large', 'the server sent an event larger than a message may be'),
    });
  }

  #event(type: string, data: Buffer): void {
    if (type !== 'message' || this.#over) return;
    this.#attempts = 0;
    const answers = this.kind.expectsAnswer && !this.#answered && isAnswer(data);
    this.#owner.message(this.kind.number, data);
    if (answers) {
      this.#answered = true;
      this.#owner.answered(this);
    }
  }

  #streamEnded(error: Error | undefined): void {
    this.#mode = 'waiting';
    this.#parser = undefined;
    if (this.#silent || this.#answered) {
      this.#finish('DELIVERY_ANSWERED', '', '');
      return;
    }
    const wanted = this.kind.expectsAnswer || this.kind.method === 'GET';
    if (wanted && this.#owner.resumes && this.lastEventId !== '' && this.#attempts < RESUME_ATTEMPTS_MAX) {
      this.#attempts += 1;
      this.#resuming = true;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#owner.requestResume(this, this.lastEventId);
      }, this.#retryMs);
    } else if (this.kind.expectsAnswer) {
      const words = error === undefined ? 'the server ended the stream' : describeFailure(error).words;
      this.#finish('DELIVERY_SENT', 'stream_broken', `the answer did not come: ${words}`);
    } else if (error === undefined) this.#finish('DELIVERY_ANSWERED', '', '');
    else this.#finish('DELIVERY_SENT', 'stream_broken', describeFailure(error).words);
  }

  #refused(status: number): void {
    if (this.#silent) this.#mode = 'discard';
    else if (this.#resuming)
      this.#fail('stream_broken', `the server would not resume its stream (HTTP ${status})`);
    else if (status === 404 && this.#owner.lost(this)) {
      this.#fail('http_status', 'the server no longer knows the session (HTTP 404)');
    } else this.#mode = 'error';
  }

  #jsonEnded(): void {
    const body = this.#collector.take();
    const first = firstToken(body);
    if (first === 0x7b || first === 0x5b) {
      this.#owner.message(this.kind.number, body);
      this.#finish('DELIVERY_ANSWERED', '', '');
    } else if (body.length === 0 && !this.kind.expectsAnswer) this.#finish('DELIVERY_ANSWERED', '', '');
    else this.#finish('DELIVERY_ANSWERED', 'bad_answer', 'the server said JSON but sent none');
  }

  #errorEnded(): void {
    const body = this.#collector.take();
    const detail = `the server answered HTTP ${this.#status}`;
    if (this.#isJson && isJsonObject(body)) this.#finish('DELIVERY_ANSWERED', 'http_status', detail, body);
    else this.#finish('DELIVERY_ANSWERED', 'http_status', detail);
  }

  #collect(chunk: Buffer, maxBytes: number): void {
    if (this.#collector.size + chunk.length <= maxBytes) this.#collector.append(chunk);
    else if (this.#mode === 'error') {
      this.#fail('http_status', `the server answered HTTP ${this.#status}`);
    } else this.#fail('too_large', `the server sent an answer of more than ${maxBytes} bytes`);
  }

  #fail(error: ExchangeError, detail: string): void {
    this.#finish('DELIVERY_SENT', error, detail);
  }

  #finish(delivery: Delivery, error: ExchangeError, detail: string, errorBody?: Buffer): void {
    if (this.#over) return;
    // An HTTP error is an answer, whole or not: the server has refused the message.
    const reached = error === 'http_status' ? 'DELIVERY_ANSWERED' : delivery;
    const httpStatus = error === '' ? 0 : this.#status;
    const end = { exchange: this.kind.number, delivery: reached, error, detail, httpStatus };
    this.#end(errorBody === undefined ? end : { ...end, errorBody });
  }

  #end(end: ExchangeEnd | undefined): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#collector.take();
    this.#parser = undefined;
    // Does nothing to a request that is complete; closes one that is not.
    if (this.#controller !== undefined && !this.#controller.aborted)
      this.#controller.abort(new Error('over'));
    this.#owner.bodyLeft(this);
    this.#owner.over(this, this.#silent ? undefined : end);
  }
}
