import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EntryDraft } from '../audit/index.ts';
import type { DocumentKind, Role } from '../registry/index.ts';
import { CLIENT_NAME_MAX_CHARS } from './limits.ts';
import { AdminError } from './problems.ts';
import { type Caller, draftFor, type Source } from './record.ts';
import { type Access, KIND_CHANGERS, mayEnter } from './roles.ts';
import type { AdminRooms } from './rooms.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route. A route without it does not register (openapi.ts). */
    access?: Access;
  }
  interface FastifyRequest {
    /** Set by the corridor; null where nobody has been verified. Read it with `callerOf`. */
    caller: Caller | null;
  }
}

/**
 * The admin corridor's first two stages, before the body is read: who is it, and may they. Both refusals are
 * recorded before they are answered. The handlers are the third stage; what they change they record (record.ts).
 */
export function guardRoutes(app: FastifyInstance, rooms: AdminRooms): void {
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => {
    const access = request.routeOptions.config.access;
    // Unknown routes have no access and are answered 404; every registered route has one.
    if (request.is404 || access === undefined || access === 'public') return;
    const caller = await authenticate(rooms, request, reply);
    if (access !== 'authenticated') await authorise(rooms, caller, access, routeName(request));
    request.caller = caller;
  });
}

/** The verified sender. Only handlers of guarded routes may ask. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('a public route asked for its caller');
  return request.caller;
}

async function authenticate(
  rooms: AdminRooms,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Caller> {
  const source = sourceOf(request);
  const authentication = rooms.identity.authenticate(request.headers.authorization);
  if (authentication.ok) {
    const { principal, tokenId, expiresAt } = authentication;
    const { ip, ...rest } = source;
    return { principal, tokenId, tokenExpiresAt: expiresAt, sourceIp: ip, ...rest };
  }
  await rooms.audit.record(failureDraft(source, routeName(request), authentication));
  // RFC 9110 §11.6.1 and RFC 6750 §3: the error attribute only where a credential was sent.
  const sent = authentication.code !== 'missing';
  reply.header('www-authenticate', `Bearer realm="sallyport-api"${sent ? ', error="invalid_token"' : ''}`);
  throw new AdminError(
    'unauthenticated',
    sent
      ? 'The token is not valid here: it is unknown, has expired or was revoked. Ask an administrator for a new one ' +
          '(sallyport-gateway token create).'
      : 'The API needs a token. Send the header "Authorization: Bearer <token>".',
  );
}

function failureDraft(
  source: Source,
  route: string,
  refusal: { readonly code: string; readonly tokenId?: string },
): EntryDraft {
  return {
    kind: 'auth.failure',
    actor: {
      kind: 'anonymous',
      name: 'anonymous',
      ...(refusal.tokenId === undefined ? {} : { token: refusal.tokenId }),
    },
    source,
    control: ['PCI 10.2.1.4'],
    fields: { surface: 'api', route, reason: refusal.code },
  };
}

async function authorise(
  rooms: AdminRooms,
  caller: Caller,
  access: readonly Role[],
  doing: string,
): Promise<void> {
  if (mayEnter(access, caller.principal.roles)) return;
  await rooms.audit.record(
    draftFor(caller, 'decision.deny', {
      decision: { effect: 'deny', reasons: ['role_missing'], policies: [], policyVersion: 'roles/1' },
      control: ['PCI 10.2.1.4'],
      fields: { surface: 'api', route: doing, needs: [...access] },
    }),
  );
  throw new AdminError(
    'forbidden',
    `"${caller.principal.name}" may not do this: ${doing} needs the role ${access.join(' or ')}, and ` +
      `${caller.principal.roles.length === 0 ? 'it has none' : `it has ${caller.principal.roles.join(', ')}`}. ` +
      'An administrator can add a role to the account.',
    { roles: access },
  );
}

/** For documents: beyond the route's roles, only its own roles may change a kind. */
export async function authoriseKind(rooms: AdminRooms, caller: Caller, kind: DocumentKind): Promise<void> {
  await authorise(rooms, caller, KIND_CHANGERS[kind], `changing a ${kind}`);
}

function routeName(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? ''}`;
}

function sourceOf(request: FastifyRequest): Source {
  const client = request.headers['user-agent']?.slice(0, CLIENT_NAME_MAX_CHARS);
  // The peer's own address: X-Forwarded-For is whatever the sender likes.
  return { ip: request.socket.remoteAddress ?? '', ...(client === undefined ? {} : { client }) };
}
