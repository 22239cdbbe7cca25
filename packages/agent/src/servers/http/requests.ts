import { Agent, type Dispatcher } from 'undici';
import { CONNECT_TIMEOUT_MS, HEADERS_TIMEOUT_MS } from '../../limits.ts';

/** One request and what becomes of its answer. All are called at most once, but `data`. */
export interface ResponseHandlers {
  /** The request is on its way: from here on the server may have got it. */
  started(controller: Dispatcher.DispatchController): void;
  /** The whole request has left. */
  sent(): void;
  response(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void;
  data(chunk: Buffer): void;
  end(): void;
  failed(error: Error): void;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: Buffer;
  readonly headersTimeoutMs?: number;
}

/** The connections to all HTTP servers. Never follows a redirect, never repeats a request. */
export class HttpRequests {
  readonly #agent = new Agent({
    allowH2: false,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: HEADERS_TIMEOUT_MS,
    // Streams may be silent for hours; TCP keep-alive and the gateway's limits end what is dead.
    bodyTimeout: 0,
    pipelining: 1,
  });

  dispatch(request: HttpRequest, handlers: ResponseHandlers): void {
    const url = new URL(request.url);
    const options: Dispatcher.DispatchOptions = {
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
    };
    if (request.headersTimeoutMs !== undefined) options.headersTimeout = request.headersTimeoutMs;
    try {
      this.#agent.dispatch(options, {
        onRequestStart: (controller) => handlers.started(controller),
        onRequestSent: () => handlers.sent(),
        onResponseStart: (_controller, status, headers) => {
          // 1xx are interim.
          if (status >= 200) handlers.response(status, headers);
        },
        onResponseData: (_controller, chunk) => handlers.data(chunk),
        onResponseEnd: () => handlers.end(),
        onResponseError: (_controller, error) => handlers.failed(error),
      });
    } catch (thrown) {
      // A header or path that undici refuses: nothing was sent.
      handlers.failed(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
