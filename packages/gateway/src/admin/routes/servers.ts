import Type, { type Static } from 'typebox';
import type { Document } from '../../registry/index.ts';
import type { ServerStatus } from '../../tunnel/index.ts';
import type { AdminApp } from '../app.ts';
import { undeclaredGuesses, yamlOf } from '../argument-guesses.ts';
import { callerOf } from '../corridor.ts';
import { pageInMemory } from '../pages.ts';
import { AdminError } from '../problems.ts';
import { draftFor } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, oneOf, PageQuery, pageOf, ServerName } from '../schemas.ts';
import { copyServer, ServerAtAgent } from './agents.ts';

const Era = oneOf(['legacy', 'modern']);

const ServerAnswer = Type.Object({
  name: ServerName,
  title: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  enabled: Type.Boolean(),
  endpoint: Type.String({ description: 'Where MCP clients connect.' }),
  attached: Type.Boolean({ description: 'Whether an agent that has the server is attached here.' }),
  eras: Type.Array(Era),
  protocolVersions: Type.Array(Type.String()),
  problem: Type.String({ description: 'Why clients cannot use it now, in words; empty when they can.' }),
  agents: Type.Array(
    Type.Object({ agent: Type.String(), attached: Type.Boolean(), status: Type.Optional(ServerAtAgent) }),
  ),
});

/** Registered servers, joined with what their agents say of them. */
export function addServerRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/servers',
    config: { access: ['administrator', 'policy-author', 'auditor', 'operator'] },
    schema: {
      operationId: 'listServers',
      summary: 'list servers and whether they can be reached',
      tags: ['network'],
      querystring: PageQuery,
      response: { 200: pageOf(ServerAnswer) },
    },
    handler: (request) => {
      const documents = [...rooms.registry.snapshot().servers.values()];
      const { items, ...rest } = pageInMemory(documents, request.query, (document) => document.name);
      return { items: items.map((document) => serverAnswer(rooms, document)), ...rest };
    },
  });

  addGuesses(app, rooms);
  app.route({
    method: 'POST',
    url: '/servers/:name/probe',
    config: { access: ['administrator', 'operator'] },
    schema: {
      operationId: 'probeServer',
      summary: 'ask the agents to look at a server again',
      tags: ['network'],
      params: closed({ name: ServerName }),
      response: {
        202: Type.Object({
          name: ServerName,
          agents: Type.Array(Type.String(), {
            description: 'Agents asked; the answer shows in GET /servers.',
          }),
        }),
      },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      const document = requireServer(rooms, name);
      const agents = document.spec.agents.filter((agent) => rooms.tunnel.attached(agent));
      if (agents.length === 0) throw new AdminError('agent_away', awayText(document));
      // A probe starts the server's process at the agent, so it is recorded like everything an operator does.
      await rooms.audit.record(draftFor(callerOf(request), 'server.probe', { server: name }));
      for (const agent of agents) rooms.tunnel.probe(agent, document.spec.agentServer ?? name);
      return reply.code(202).send({ name, agents });
    },
  });
}

/** What might be declared of arguments. Shown, never applied: a server could say anything of itself. */
function addGuesses(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/servers/:name/argument-guesses',
    config: { access: ['administrator', 'policy-author', 'auditor', 'operator'] },
    schema: {
      operationId: 'guessArguments',
      summary: 'guess which undeclared arguments are SQL, commands, paths, addresses, amounts or batches',
      tags: ['tools'],
      params: closed({ name: ServerName }),
      response: {
        200: Type.Object({
          guesses: Type.Array(
            Type.Object({
              tool: Type.String(),
              argument: Type.String(),
              reader: Type.String(),
              why: Type.String({ description: 'What it was guessed by.' }),
            }),
          ),
          yaml: Type.String({
            description: 'Lines for the Server document; empty where there is nothing to declare.',
          }),
        }),
      },
    },
    handler: async ({ params }) => {
      const { spec } = requireServer(rooms, params.name);
      const guesses = await undeclaredGuesses(rooms, params.name, spec);
      return { guesses: [...guesses], yaml: yamlOf(guesses) };
    },
  });
}

function requireServer({ registry }: Pick<AdminRooms, 'registry'>, name: string): Document<'Server'> {
  const document = registry.snapshot().servers.get(name);
  if (document !== undefined) return document;
  throw new AdminError('not_found', `There is no server named "${name}". GET /servers lists them.`);
}

function serverAnswer(rooms: AdminRooms, document: Document<'Server'>): Static<typeof ServerAnswer> {
  const { name, spec } = document;
  const agents = spec.agents.map((agent) => ({
    agent,
    attached: rooms.tunnel.attached(agent),
    status: rooms.tunnel.server(agent, spec.agentServer ?? name),
  }));
  const statuses = agents.flatMap(({ status }) => (status === undefined ? [] : [status]));
  return {
    name,
    ...(spec.title === undefined ? {} : { title: spec.title }),
    ...(spec.description === undefined ? {} : { description: spec.description }),
    enabled: spec.enabled,
    endpoint: `${rooms.gatewayInfo.publicUrl}/mcp/${name}`,
    attached: statuses.length > 0,
    eras: [...new Set(statuses.flatMap((status) => status.eras))],
    protocolVersions: [...new Set(statuses.flatMap((status) => status.protocolVersions))].sort(),
    problem: problemOf(document, agents),
    agents: agents.map(({ status, ...rest }) => ({
      ...rest,
      ...(status === undefined ? {} : { status: copyServer(status) }),
    })),
  };
}

interface AgentOfServer {
  readonly agent: string;
  readonly attached: boolean;
  readonly status: ServerStatus | undefined;
}

/** One agent without a problem is enough for clients to be served. */
function problemOf(document: Document<'Server'>, agents: readonly AgentOfServer[]): string {
  if (!document.spec.enabled) return 'The server is not enabled. Apply it with `enabled: true`.';
  if (agents.some(({ status }) => status !== undefined && status.problem === '')) return '';
  const failing = agents.find(({ status }) => status !== undefined);
  if (failing?.status !== undefined) return `Agent "${failing.agent}" says: ${failing.status.problem}`;
  const attached = agents.find((agent) => agent.attached);
  if (attached === undefined) return awayText(document);
  const wanted = document.spec.agentServer ?? document.name;
  return `Agent "${attached.agent}" has no server named "${wanted}". Add it to the agent's own configuration.`;
}

function awayText(document: Document<'Server'>): string {
  const names = document.spec.agents.map((agent) => `"${agent}"`).join(' or ');
  return `No agent that has "${document.name}" is attached: start ${names}, or look at its log with sallyport-agent doctor.`;
}
