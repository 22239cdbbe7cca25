import { randomUUID } from 'node:crypto';
import { type McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { HTTP_BODY_BYTES_MAX, HTTP_SESSION_IDLE_MS, HTTP_SESSIONS_MAX, HTTP_SWEEP_MS } from '../limits.ts';

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  lastUsedMs: number;
}

/** The legacy era's sessions (2025-03-26 to 2025-11-25): one server object per `Mcp-Session-Id`. */
export class LegacySessions {
  readonly #sessions = new Map<string, Session>();
  readonly #createServer: () => McpServer;
  readonly #sweeper: NodeJS.Timeout;

  constructor(createServer: () => McpServer) {
    this.#createServer = createServer;
    this.#sweeper = setInterval(() => this.#sweep(), HTTP_SWEEP_MS);
    this.#sweeper.unref();
  }

  async handle(request: Request): Promise<Response> {
    const id = request.headers.get('mcp-session-id');
    if (id !== null) {
      const session = this.#sessions.get(id);
      if (session === undefined) return refuse(404, -32001, 'Session not found');
      session.lastUsedMs = Date.now();
      return session.transport.handleRequest(request);
    }
    if (this.#sessions.size >= HTTP_SESSIONS_MAX)
      return refuse(503, -32000, 'Too many sessions; try again later');
    return this.#open(request);
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await Promise.all([...this.#sessions.values()].map((session) => session.transport.close()));
    this.#sessions.clear();
  }

  /** Without an id only `initialize` is served; the transport answers everything else with 400 and is dropped. */
  async #open(request: Request): Promise<Response> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: HTTP_BODY_BYTES_MAX,
      onsessioninitialized: (id) => {
        this.#sessions.set(id, { transport, lastUsedMs: Date.now() });
      },
      onsessionclosed: (id) => {
        this.#sessions.delete(id);
      },
    });
    await this.#createServer().connect(transport);
    const response = await transport.handleRequest(request);
    if (transport.sessionId === undefined) await transport.close();
    return response;
  }

  #sweep(): void {
    const oldest = Date.now() - HTTP_SESSION_IDLE_MS;
    for (const [id, session] of this.#sessions) {
      if (session.lastUsedMs >= oldest) continue;
      this.#sessions.delete(id);
      void session.transport.close();
    }
  }
}

function refuse(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status });
}
