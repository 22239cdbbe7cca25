import Type from 'typebox';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import type { AdminRooms } from '../rooms.ts';
import { Instant, PrincipalKind, ServerName } from '../schemas.ts';

const Me = Type.Object({
  principal: Type.Object({
    kind: PrincipalKind,
    name: Type.String(),
    groups: Type.Array(Type.String()),
    roles: Type.Array(Type.String()),
  }),
  token: Type.Object({ id: Type.String(), expiresAt: Instant }),
});

const Status = Type.Object({
  version: Type.String(),
  publicUrl: Type.String(),
  startedAt: Instant,
  quickstart: Type.Boolean(),
  database: Type.Object({ healthy: Type.Boolean() }),
  redis: Type.Optional(Type.Object({ healthy: Type.Boolean() })),
  log: Type.Object({ origin: Type.String(), size: Type.Integer(), healthy: Type.Boolean() }),
  documents: Type.Object({ version: Type.Integer() }),
  policy: Type.Object({ version: Type.String() }),
  tunnels: Type.Object({ attached: Type.Integer(), agents: Type.Array(ServerName) }),
});

/** Who am I, how is the gateway, what can the API do. */
export function addSelfRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { access: 'public' },
    schema: {
      operationId: 'getOpenApi',
      summary: 'describe the API (OpenAPI 3.1)',
      tags: ['self'],
      response: { 200: Type.Record(Type.String(), Type.Unknown()) },
    },
    handler: () => ({ ...app.swagger() }),
  });

  app.route({
    method: 'GET',
    url: '/me',
    config: { access: 'authenticated' },
    schema: {
      operationId: 'getMe',
      summary: 'say whose token this is',
      tags: ['self'],
      response: { 200: Me },
    },
    handler: (request) => {
      const { principal, tokenId, tokenExpiresAt } = callerOf(request);
      return {
        principal: {
          kind: principal.kind,
          name: principal.name,
          groups: [...principal.groups],
          roles: [...principal.roles],
        },
        token: { id: tokenId, expiresAt: new Date(tokenExpiresAt).toISOString() },
      };
    },
  });

  app.route({
    method: 'GET',
    url: '/status',
    config: { access: ['administrator', 'policy-author', 'approver', 'auditor', 'operator'] },
    schema: {
      operationId: 'getStatus',
      summary: 'say how the gateway is',
      tags: ['self'],
      response: { 200: Status },
    },
    handler: async () => {
      const { audit, gatewayInfo, policy, registry, tunnel } = rooms;
      // Known also while the database is away: the rest of the status is what an operator needs then.
      const databaseHealthy = gatewayInfo.databaseHealthy();
      const agents = databaseHealthy ? await tunnel.agents() : [];
      const attached = agents.filter((agent) => agent.attached).map((agent) => agent.name);
      return {
        version: gatewayInfo.version,
        publicUrl: gatewayInfo.publicUrl,
        startedAt: gatewayInfo.startedAt,
        quickstart: gatewayInfo.quickstart,
        database: { healthy: databaseHealthy },
        ...(gatewayInfo.redisHealthy === undefined ? {} : { redis: { healthy: gatewayInfo.redisHealthy() } }),
        log: { origin: audit.origin, size: audit.size(), healthy: audit.healthy() },
        documents: { version: registry.snapshot().version },
        policy: { version: policy.version },
        tunnels: { attached: attached.length, agents: attached },
      };
    },
  });
}
