import { errorText } from '@sallyport/shared/errors';
import { newId } from '@sallyport/shared/ids';
import createFastify, { type FastifyReply, type FastifyRequest, type FastifyServerFactory } from 'fastify';
import type { AdminApp } from './app.ts';
import { guardRoutes } from './corridor.ts';
import { DocumentChanges } from './document-changes.ts';
import { BODY_MAX_BYTES } from './limits.ts';
import { API_PREFIX, describeApi } from './openapi.ts';
import { AdminError, asAdminError, problemDocument } from './problems.ts';
import { type RouteAccess, renderRoleMatrix } from './roles.ts';
import type { AdminRooms } from './rooms.ts';
import { addAccessReviewRoutes } from './routes/access-reviews.ts';
import { addAgentRoutes } from './routes/agents.ts';
import { addApprovalRoutes } from './routes/approvals.ts';
import { addAuditRoutes } from './routes/audit.ts';
import { addAuditReceiptRoutes } from './routes/audit-receipts.ts';
import { addAuditRecordRoutes } from './routes/audit-records.ts';
import { addAuditRetentionRoutes } from './routes/audit-retention.ts';
import { addDocumentRoutes } from './routes/documents.ts';
import { addGrantRoutes } from './routes/grants.ts';
import { addInboundRoutes } from './routes/inbound.ts';
import { addMaskingRoutes } from './routes/masking.ts';
import { addPolicyRoutes } from './routes/policies.ts';
import { addProposalRoutes } from './routes/proposals.ts';
import { addSelfRoutes } from './routes/self.ts';
import { addServerRoutes } from './routes/servers.ts';
import { addSessionRoutes } from './routes/sessions.ts';
import { addTokenRoutes } from './routes/tokens.ts';
import { addToolRoutes } from './routes/tools.ts';
import { compileSchema, type TypeBoxProvider } from './validation.ts';

export type { AdminApp } from './app.ts';
export type { AdminRooms, GatewayInfo, SessionInfo, SessionsView } from './rooms.ts';

export interface Admin {
  readonly app: AdminApp;
  /** Every route with who may use it. */
  readonly routes: readonly RouteAccess[];
  /** The role × route matrix as Markdown. */
  roleMatrix(): string;
  /** Lets requests in progress end. The HTTP server itself is the mounter's. */
  close(): Promise<void>;
}

/**
 * Builds the administration API (DESIGN.md §10), ready to serve.
 *
 * @param options.serverFactory is given the API's request handler and returns the server it is mounted in; it may
 *   hand over only the requests under `/api/`. Without it the API has a server of its own, started by `app.listen`.
 */
export async function createAdmin(
  rooms: AdminRooms,
  options: { serverFactory?: FastifyServerFactory } = {},
): Promise<Admin> {
  const base = createFastify({
    ...(options.serverFactory === undefined ? {} : { serverFactory: options.serverFactory }),
    bodyLimit: BODY_MAX_BYTES,
    exposeHeadRoutes: false,
    genReqId: () => newId('req'),
    // A body that sets __proto__ or constructor.prototype is an attack or a mistake.
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    frameworkErrors: (error, request, reply) => answerError(rooms, error, request, reply),
  });
  const app: AdminApp = base.withTypeProvider<TypeBoxProvider>();
  app.setValidatorCompiler(compileSchema);
  app.removeContentTypeParser('text/plain');
  // First of all hooks, so that every answer has the headers, errors included.
  app.addHook('onRequest', async (_request, reply) => {
    setSecurityHeaders(reply);
  });
  app.setErrorHandler((error, request, reply) => answerError(rooms, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    answerError(rooms, unknownRoute(request), request, reply);
  });
  const routes = await describeApi(base, rooms.gatewayInfo.version);
  guardRoutes(base, rooms);
  const changes = new DocumentChanges(rooms.registry, () => rooms.tools.known());
  await app.register(
    async (scope) => {
      const api: AdminApp = scope.withTypeProvider<TypeBoxProvider>();
      addSelfRoutes(api, rooms);
      addDocumentRoutes(api, rooms, changes);
      addTokenRoutes(api, rooms, changes);
      addAgentRoutes(api, rooms);
      addServerRoutes(api, rooms);
      addGrantRoutes(api, rooms);
      addAccessReviewRoutes(api, rooms, changes);
      addApprovalRoutes(api, rooms);
      await addInboundRoutes(api, rooms);
      addProposalRoutes(api, rooms);
      addToolRoutes(api, rooms);
      addSessionRoutes(api, rooms);
      addAuditRoutes(api, rooms);
      addAuditRecordRoutes(api, rooms);
      addAuditReceiptRoutes(api, rooms);
      addAuditRetentionRoutes(api, rooms);
      addPolicyRoutes(api, rooms);
      addMaskingRoutes(api, rooms);
    },
    { prefix: API_PREFIX },
  );
  await app.ready();
  return { app, routes, roleMatrix: () => renderRoleMatrix(routes), close: async () => app.close() };
}

/** The one exit of everything that went wrong. Failures of ours go to the log; the answer never has their text. */
function answerError(
  rooms: AdminRooms,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const error = asAdminError(thrown, rooms.gatewayInfo.databaseHealthy());
  if (error.status >= 500) {
    rooms.logger.error('an API request failed', {
      request: request.id,
      route: `${request.method} ${request.routeOptions?.url ?? ''}`,
      code: error.code,
      cause: error.cause === undefined ? error.message : errorText(error.cause),
      ...(error.detail === undefined ? {} : { detail: error.detail }),
    });
  }
  setSecurityHeaders(reply);
  return reply.code(error.status).type('application/problem+json').send(problemDocument(error, request.id));
}

function setSecurityHeaders(reply: FastifyReply): void {
  reply.headers({
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
}

function unknownRoute(request: FastifyRequest): AdminError {
  return new AdminError(
    'unknown_route',
    `There is no ${request.method} ${request.url.split('?')[0]} here. ${API_PREFIX}/openapi.json lists what there is.`,
  );
}
