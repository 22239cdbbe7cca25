import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  isLegacyRequest,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  type McpServer,
  originValidationResponse,
} from '@modelcontextprotocol/server';
import { HTTP_BODY_BYTES_MAX, STOP_GRACE_MS } from '../limits.ts';
import { send, toRequest } from './exchange.ts';
import { LegacySessions } from './sessions.ts';

export interface HttpBank {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves Streamable HTTP on 127.0.0.1 at `/mcp`, both eras: modern requests without a session, legacy ones with.
 *
 * @throws Node's listen error, such as EADDRINUSE.
 */
export async function serveHttp(
  port: number,
  create: () => McpServer,
  onProblem: (message: string) => void,
): Promise<HttpBank> {
  const modern = createMcpHandler(create, {
    legacy: 'reject',
    maxRequestBodySize: HTTP_BODY_BYTES_MAX,
    onerror: (error) => onProblem(error.message),
  });
  const legacy = new LegacySessions(create);

  const answer = async (request: Request): Promise<Response> => {
    // First of all: a page in a browser that resolved its own name to 127.0.0.1 must get nowhere.
    const refused =
      hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
      originValidationResponse(request, localhostAllowedOrigins());
    if (refused) return refused;
    const { pathname } = new URL(request.url);
    if (pathname === '/healthz') return new Response('ok\n', { headers: { 'content-type': 'text/plain' } });
    if (pathname !== '/mcp') return new Response('Not found. MCP is at /mcp.\n', { status: 404 });
    const isLegacy = await isLegacyRequest(request, undefined, { maxRequestBodySize: HTTP_BODY_BYTES_MAX });
    return isLegacy ? legacy.handle(request) : modern.fetch(request);
  };
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    try {
      await send(await answer(toRequest(incoming, outgoing)), outgoing);
    } catch (error) {
      onProblem(`a request failed: ${error instanceof Error ? error.message : String(error)}`);
      if (!outgoing.headersSent) outgoing.writeHead(500).end();
      else outgoing.destroy();
    }
  };

  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  const bound = await listen(server, port);
  return {
    port: bound,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await modern.close();
      await legacy.close();
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS).unref();
      await closed;
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
