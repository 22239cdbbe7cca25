import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { errorAnswer } from '@sallyport/shared/jsonrpc';
import { REFUSAL, type Rooms } from '../call/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { renderApprovalPage } from './approval-page.ts';
import { createGuard, type GuardSettings } from './guard.ts';
import {
  CONNECTIONS_MAX,
  HEADERS_MAX_BYTES,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  REQUEST_TIMEOUT_MS,
} from './limits.ts';
import { serveMcp } from './mcp.ts';
import { type PageFacts, renderPage } from './page.ts';
import { sendVerifierPage } from './verifier-page.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, boolean>>;
  /** What is shown beside and decides nothing by itself. */
  readonly detail?: Readonly<Record<string, boolean | number>>;
}

export interface FrontDoorOptions {
  readonly rooms: Rooms;
  readonly guard: GuardSettings;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The API's own handler, for everything under /api/. */
  readonly api: (request: IncomingMessage, response: ServerResponse) => void;
  readonly readiness: () => Readiness;
  readonly metrics: () => Promise<{ contentType: string; text: string }>;
  readonly page: () => PageFacts;
  readonly logger: Logger;
}

const MCP_PATH = /^\/mcp\/([^/?#]*)\/?(?:\?.*)?$/;
const APPROVAL_PATH = /^\/approvals\/(apr_[0-9A-Z]{20})$/;
const METADATA_PATH = /^\/\.well-known\/oauth-protected-resource(?:\/mcp\/([a-z0-9-]{1,40}))?$/;

/** The one HTTP server: MCP endpoints, API, health. The MCP path passes no framework. */
export function createFrontDoor(options: FrontDoorOptions): Server {
  const guard = createGuard(options.guard);
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    route(options, guard.refuse(request), request, response).catch((thrown: unknown) => {
      options.logger.error('a request ended in an unexpected error', { error: String(thrown) });
      if (response.headersSent) response.destroy();
      else plain(response, 500, 'text/plain', 'internal error');
    });
  };
  const settings = { maxHeaderSize: HEADERS_MAX_BYTES, connectionsCheckingInterval: 5_000, noDelay: true };
  const server =
    options.tls === undefined
      ? createHttpServer(settings, handler)
      : createHttpsServer({ ...settings, ...options.tls, minVersion: 'TLSv1.2' }, handler);
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}

async function route(
  options: FrontDoorOptions,
  refusal: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = request.url ?? '/';
  // Probes come from orchestrators by whatever name they use, and tell nothing.
  if (url === '/healthz') return plain(response, 200, 'text/plain', 'ok\n');
  if (url === '/readyz') {
    const readiness = options.readiness();
    return plain(response, readiness.ready ? 200 : 503, 'application/json', JSON.stringify(readiness));
  }
  if (refusal !== undefined) {
    const body = errorAnswer(undefined, REFUSAL.general, refusal).toString();
    return plain(response, 403, 'application/json', body);
  }
  const mcp = MCP_PATH.exec(url);
  if (mcp !== null) return serveMcp(options.rooms, mcp[1] ?? '', request, response);
  if (url.startsWith('/api/')) return options.api(request, response);
  const metadata = METADATA_PATH.exec(url);
  if (metadata !== null) return protectedResource(options, metadata[1], response);
  if (url === '/metrics') {
    const { contentType, text } = await options.metrics();
    return plain(response, 200, contentType, text);
  }
  if (url === '/' || url.startsWith('/?')) {
    return plain(response, 200, 'text/html; charset=utf-8', renderPage(options.page()));
  }
  if (url === '/verify.html' && (await sendVerifierPage(response))) return;
  const approval = APPROVAL_PATH.exec(url)?.[1];
  if (approval !== undefined) {
    return plain(response, 200, 'text/html; charset=utf-8', renderApprovalPage(approval));
  }
  return plain(response, 404, 'application/problem+json', NOT_FOUND);
}

const NOT_FOUND = JSON.stringify({
  type: 'about:blank',
  title: 'Not found',
  status: 404,
  code: 'not_found',
  detail: 'Nothing is at this address. MCP endpoints are /mcp/<server>, the API is under /api/v1.',
});

/** RFC 9728: what a client must know of an endpoint before it can authenticate. The same for servers that exist and not. */
function protectedResource(
  options: FrontDoorOptions,
  server: string | undefined,
  response: ServerResponse,
): void {
  const resource =
    server === undefined ? options.guard.publicUrl : `${options.guard.publicUrl}/mcp/${server}`;
  plain(
    response,
    200,
    'application/json',
    JSON.stringify({ resource, resource_name: 'Sallyport', bearer_methods_supported: ['header'] }),
  );
}

function plain(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
  });
  response.end(body);
}
