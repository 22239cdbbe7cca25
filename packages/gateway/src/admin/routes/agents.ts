import Type, { type Static } from 'typebox';
import type { AgentStatus } from '../../tunnel/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { AGENT_TOKEN_DEFAULT_SECONDS, AGENT_TOKEN_MAX_SECONDS, TOKEN_MIN_SECONDS } from '../limits.ts';
import { pageInMemory } from '../pages.ts';
import { AdminError } from '../problems.ts';
import { changeDraft, recordThenChange } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Digest, Instant, oneOf, PageQuery, pageOf, ServerName } from '../schemas.ts';

/** What an agent said of one of its servers. */
export const ServerAtAgent = Type.Object({
  name: Type.String({ description: "Name in the agent's own configuration." }),
  transport: oneOf(['stdio', 'http', 'sse']),
  eras: Type.Array(oneOf(['legacy', 'modern'])),
  protocolVersions: Type.Array(Type.String()),
  serverName: Type.String(),
  serverVersion: Type.String(),
  problem: Type.String({ description: 'What is wrong, in words; empty when nothing is.' }),
  probed: Type.Boolean({ description: 'False until the agent has asked the server what it speaks.' }),
});

const AgentAnswer = Type.Object({
  name: Type.String(),
  attached: Type.Boolean(),
  revoked: Type.Boolean(),
  agentVersion: Type.Optional(Type.String()),
  protocol: Type.Optional(Type.Integer()),
  bootId: Type.Optional(Type.String()),
  attachedAt: Type.Optional(Instant),
  certificateFingerprint: Type.Optional(Digest),
  certificateExpiresAt: Type.Optional(Instant),
  leaseAgeMs: Type.Optional(Type.Number()),
  clockOffsetMs: Type.Optional(Type.Number({ description: "The agent's clock less the gateway's." })),
  openChannels: Type.Integer(),
  servers: Type.Array(ServerAtAgent),
});

const AgentToken = Type.Object({
  id: Type.String(),
  agent: ServerName,
  token: Type.String({ description: 'Enrols the agent once; shown this once.' }),
  expiresAt: Instant,
});

const OPERATORS = ['administrator', 'operator'] as const;

/** Agents: who is attached, enrolling one, revoking one. */
export function addAgentRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/agents',
    config: { access: ['administrator', 'auditor', 'operator'] },
    schema: {
      operationId: 'listAgents',
      summary: 'list agents with the servers they expose',
      tags: ['network'],
      querystring: PageQuery,
      response: { 200: pageOf(AgentAnswer) },
    },
    handler: async (request) =>
      pageInMemory((await rooms.tunnel.agents()).map(agentAnswer), request.query, (agent) => agent.name),
  });

  app.route({
    method: 'POST',
    url: '/agents/tokens',
    config: { access: OPERATORS },
    schema: {
      operationId: 'createAgentToken',
      summary: 'create a one-time token with which an agent enrols',
      tags: ['network'],
      body: closed({
        agent: ServerName,
        expiresInSeconds: Type.Integer({
          minimum: TOKEN_MIN_SECONDS,
          maximum: AGENT_TOKEN_MAX_SECONDS,
          default: AGENT_TOKEN_DEFAULT_SECONDS,
        }),
      }),
      response: { 201: AgentToken },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const { agent, expiresInSeconds } = request.body;
      const created = await rooms.tunnel.createEnrolmentToken({
        agent,
        expiresInMs: expiresInSeconds * 1000,
        createdBy: caller.principal.name,
      });
      const { id, token, expiresAt } = created;
      // Commit point: recorded before its text leaves. Where the log refuses, nobody ever holds the token, and it
      // expires by itself.
      await rooms.audit.record(
        changeDraft(caller, {
          kind: 'AgentToken',
          name: id,
          effect: 'create',
          agent,
          after: { id, agent, createdBy: caller.principal.name, expiresAt },
        }),
      );
      return reply.code(201).send({ id, agent, token, expiresAt });
    },
  });

  app.route({
    method: 'DELETE',
    url: '/agents/:name',
    config: { access: OPERATORS },
    schema: {
      operationId: 'revokeAgent',
      summary: "revoke an agent's certificates and cut its tunnels at once",
      tags: ['network'],
      params: closed({ name: ServerName }),
      response: { 200: Type.Object({ name: ServerName, revoked: Type.Literal(true) }) },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const { name } = request.params;
      const agent = (await rooms.tunnel.agents()).find((each) => each.name === name);
      if (agent === undefined) throw noSuchAgent(name);
      const description = {
        name,
        ...(agent.certificateFingerprint === undefined ? {} : { certificate: agent.certificateFingerprint }),
      };
      const draft = changeDraft(caller, {
        kind: 'Agent',
        name,
        effect: 'delete',
        agent: name,
        before: { ...description, revoked: agent.revoked },
        after: { ...description, revoked: true },
      });
      const known = await recordThenChange(rooms, draft, () => rooms.tunnel.revokeAgent(name));
      if (!known) throw noSuchAgent(name);
      return { name, revoked: true as const };
    },
  });
}

function agentAnswer(agent: AgentStatus): Static<typeof AgentAnswer> {
  const { servers, ...rest } = agent;
  return { ...rest, servers: servers.map(copyServer) };
}

/** A status in the answer's own arrays. */
export function copyServer(status: AgentStatus['servers'][number]): Static<typeof ServerAtAgent> {
  return { ...status, eras: [...status.eras], protocolVersions: [...status.protocolVersions] };
}

function noSuchAgent(name: string): AdminError {
  return new AdminError(
    'not_found',
    `There is no agent named "${name}". GET /agents lists those that have enrolled.`,
  );
}
