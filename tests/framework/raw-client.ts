/** What came back, as it stood on the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Data of the events where it was a stream, else the one body. */
  readonly messages: readonly string[];
}

/** An MCP client that sends exactly the bytes it is told to. */
export class RawClient {
  readonly #url: string;
  readonly #token: string | undefined;
  sessionId: string | undefined;
  version: string | undefined;

  constructor(url: string, token: string | undefined) {
    this.#url = url;
    this.#token = token;
  }

  headers(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...(this.sessionId === undefined ? {} : { 'mcp-session-id': this.sessionId }),
      ...(this.version === undefined ? {} : { 'mcp-protocol-version': this.version }),
      ...extra,
    };
  }

  open(
    body: string | Uint8Array,
    extra: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    return fetch(this.#url, {
      method: 'POST',
      headers: this.headers(extra),
      body: typeof body === 'string' ? body : Buffer.from(body),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async post(body: string | Uint8Array, extra: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
    const response = await this.open(body, extra);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, messages: messagesOf(response, text) };
  }

  /** Begins a legacy session. */
  async initialize(version = '2025-11-25'): Promise<RawAnswer> {
    const answer = await this.post(
      `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"${version}","capabilities":{"sampling":{}},"clientInfo":{"name":"raw","version":"1"}}}`,
    );
    this.sessionId = answer.headers.get('mcp-session-id') ?? undefined;
    this.version = version;
    if (this.sessionId !== undefined)
      await this.post('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    return answer;
  }

  /** A legacy tools/call. */
  call(name: string, args: object = {}, id: number | string = 1): Promise<RawAnswer> {
    return this.post(
      JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } }),
    );
  }

  /** A modern request; headers and `_meta` as 2026-07-28 demands. */
  modern(method: string, params: Record<string, unknown> = {}, id: number | string = 1): Promise<RawAnswer> {
    const { body, headers } = modernRequest(method, params, id);
    return this.post(body, headers);
  }

  delete(): Promise<Response> {
    return fetch(this.#url, { method: 'DELETE', headers: this.headers() });
  }

  listen(signal: AbortSignal): Promise<Response> {
    return fetch(this.#url, {
      method: 'GET',
      headers: this.headers({ accept: 'text/event-stream' }),
      signal,
    });
  }
}

export function modernRequest(
  method: string,
  params: Record<string, unknown>,
  id: number | string,
): { body: string; headers: Record<string, string> } {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    ...(params._meta as object | undefined),
  };
  const name = params.name ?? params.uri;
  return {
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } }),
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    },
  };
}

function messagesOf(response: Response, text: string): string[] {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    return text === '' ? [] : [text];
  return text
    .split('\n\n')
    .map((event) =>
      event
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => line.slice(6))
        .join('\n'),
    )
    .filter((data) => data !== '');
}
