import { REQUEST_TIMEOUT_MS } from './limits.ts';

/** One MCP session over Streamable HTTP (2025-11-25) by plain `fetch`: what a client does, visible. */
export class McpConversation {
  readonly #url: string;
  readonly #token: string;
  #session: string | undefined;
  #version: string | undefined;
  #nextId = 0;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  async initialize(): Promise<{ serverInfo: unknown; protocolVersion: string }> {
    const answer = await this.#request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'sallyport-demo-call', version: '0.1.0' },
    });
    const result = resultOf(answer) as { serverInfo?: unknown; protocolVersion?: unknown }; // Read defensively here.
    this.#version = String(result.protocolVersion);
    await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return { serverInfo: result.serverInfo, protocolVersion: this.#version };
  }

  async toolNames(): Promise<string[]> {
    const { tools } = resultOf(await this.#request('tools/list', {})) as { tools?: { name?: unknown }[] };
    return (tools ?? []).map((tool) => String(tool.name));
  }

  /** The whole answer, a result or an error. */
  callTool(name: string, args: Record<string, unknown>): Promise<unknown> {
    return this.#request('tools/call', { name, arguments: args });
  }

  async end(): Promise<void> {
    if (this.#session === undefined) return;
    const response = await fetch(this.#url, { method: 'DELETE', headers: this.#headers() });
    await response.body?.cancel();
  }

  async #request(method: string, params: unknown): Promise<unknown> {
    const id = this.#nextId++;
    const text = await this.#post({ jsonrpc: '2.0', id, method, params });
    const answer = messagesIn(text).find((message) => message.id === id && !('method' in message));
    if (answer === undefined)
      throw new Error(`${this.#url} gave no answer to ${method}: ${text.slice(0, 500)}`);
    return answer;
  }

  async #post(message: unknown): Promise<string> {
    let response: Response;
    try {
      response = await fetch(this.#url, {
        method: 'POST',
        headers: this.#headers(),
        body: JSON.stringify(message),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    } catch (cause) {
      throw new Error(`${this.#url} does not answer. Is the quick start running? Start it with: pnpm start`, {
        cause,
      });
    }
    this.#session ??= response.headers.get('mcp-session-id') ?? undefined;
    const text = await response.text();
    if (!response.ok && !text.includes('"jsonrpc"'))
      throw new Error(`${this.#url} answered ${response.status}: ${text.slice(0, 500)}`);
    return text;
  }

  #headers(): Record<string, string> {
    return {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${this.#token}`,
      ...(this.#session === undefined ? {} : { 'mcp-session-id': this.#session }),
      ...(this.#version === undefined ? {} : { 'mcp-protocol-version': this.#version }),
    };
  }
}

/** The messages of a body that is one JSON value or a stream of server-sent events. */
function messagesIn(text: string): Record<string, unknown>[] {
  const bodies = text.startsWith('{')
    ? [text]
    : text.split(/\r?\n\r?\n/).map((event) =>
        event
          .split(/\r?\n/)
          .filter((line) => line.startsWith('data:'))
          .map((line) => line.slice(5).trimStart())
          .join('\n'),
      );
  return bodies.filter((body) => body !== '').map((body) => JSON.parse(body) as Record<string, unknown>); // JSON-RPC messages are objects.
}

function resultOf(answer: unknown): unknown {
  if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result;
  throw new Error(`The gateway refused: ${JSON.stringify(answer)}`);
}
