import Type, { type Static } from 'typebox';
import type { Proposer } from '../../proposal/index.ts';
import { MARK_KINDS, TOOL_STATES, type ToolRow } from '../../tools/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { policyWarnings } from '../policy-warnings.ts';
import { AdminError } from '../problems.ts';
import type { Caller } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { After, closed, Instant, Limit, Name, oneOf, pageOf } from '../schemas.ts';
import { ProposalAnswer, proposalAnswer } from './proposals.ts';

/** Who decides what a tool is: who may decide who calls it. */
const REVIEWERS = ['administrator', 'policy-author'] as const;
const READERS = [...REVIEWERS, 'approver', 'auditor', 'operator'] as const;

const Digest = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: 'SHA-256 of a definition in canonical form.',
});
const ToolName = Type.String({ pattern: '^[A-Za-z0-9_.-]{1,128}$' });
const Mark = Type.Object({
  kind: oneOf(MARK_KINDS),
  path: Type.String({ description: 'JSON pointer into the definition.' }),
  quote: Type.String(),
});

const ToolAnswer = Type.Object({
  server: Type.String(),
  tool: Type.String(),
  state: oneOf(TOOL_STATES),
  seen: Type.Optional(Digest),
  pinned: Type.Optional(Digest),
  first: Digest,
  rejected: Type.Array(Digest),
  changedAt: Instant,
  decidedAt: Type.Optional(Instant),
  decidedBy: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String()),
  marks: Type.Array(Mark, { description: 'What is suspicious in the definition. A hint, never a decision.' }),
});

const Shown = Type.Object({
  ...ToolAnswer.properties,
  definition: Type.String({
    description: 'Laid out in lines, with characters that hide spelled out: ⟦U+202E⟧.',
  }),
  differences: Type.Array(
    Type.Object({
      path: Type.String(),
      before: Type.Optional(Type.String()),
      after: Type.Optional(Type.String()),
    }),
    { description: 'Where it differs from the pinned definition.' },
  ),
  policyWarnings: Type.Array(Type.String(), {
    description:
      "What policies in force say that doesn't fit this definition: a forbid on an argument it lacks.",
  }),
});

const Decision = closed({
  digest: Digest,
  reason: Type.String({ minLength: 3, maxLength: 1000 }),
});
const Place = closed({ server: Name, tool: ToolName });

/** Definitions of tools: what servers show, what was reviewed, and the reviewer's decision on exactly one of them. */
export function addToolRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/tools',
    config: { access: READERS },
    schema: {
      operationId: 'listTools',
      summary: 'list tools that servers define, and whether their definitions were reviewed',
      tags: ['tools'],
      querystring: closed({
        server: Type.Optional(Name),
        state: Type.Optional(oneOf(TOOL_STATES)),
        after: After,
        limit: Limit,
      }),
      response: { 200: pageOf(ToolAnswer) },
    },
    handler: async ({ query }) => {
      const { after, limit, ...filters } = query;
      const found = await rooms.tools.list({ ...filters, ...positionOf(after), limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const items = await Promise.all(
        page.map(async (row) => ({ ...answerOf(row), marks: [...(await rooms.tools.review(row)).marks] })),
      );
      return {
        items,
        ...(found.length > limit && last !== undefined ? { next: `${last.server} ${last.tool}` } : {}),
      };
    },
  });

  app.route({
    method: 'GET',
    url: '/tools/:server/:tool',
    config: { access: READERS },
    schema: {
      operationId: 'showTool',
      summary:
        'show the definition of a tool, what is suspicious in it, and what has changed since it was reviewed',
      tags: ['tools'],
      params: Place,
      response: { 200: Shown },
    },
    handler: async ({ params }) => shown(rooms, await find(rooms, params)),
  });

  for (const decision of ['pin', 'reject'] as const) {
    app.route({
      method: 'POST',
      url: `/tools/:server/:tool/${decision}`,
      config: { access: REVIEWERS },
      schema: {
        operationId: `${decision}Tool`,
        summary:
          decision === 'pin'
            ? 'pin the definition of this digest: clients see the tool and may call it, as policy says'
            : 'reject the definition of this digest: the tool stays hidden',
        tags: ['tools'],
        params: Place,
        body: Decision,
        response: { 200: Shown },
      },
      handler: async (request) => {
        const { digest, reason } = request.body;
        if (decision === 'pin' && needsTwo(rooms, request.params.server)) throw twoMust(request.params);
        const row = await rooms.tools.decide(
          { ...request.params, digest, pin: decision === 'pin', reason: reason.toWellFormed() },
          actorOf(callerOf(request)),
        );
        return shown(rooms, row);
      },
    });
  }

  app.route({
    method: 'POST',
    url: '/tools/:server/:tool/pin-proposals',
    config: { access: REVIEWERS },
    schema: {
      operationId: 'proposeToolPin',
      summary: 'propose to pin the definition of this digest; another person confirms it',
      tags: ['tools'],
      params: Place,
      body: Decision,
      response: { 202: ProposalAnswer },
    },
    handler: async (request, reply) => {
      const { digest, reason } = request.body;
      const proposal = await rooms.proposals.propose(
        { kind: 'tool.pin', payload: { ...request.params, digest }, reason: reason.toWellFormed() },
        actorOf(callerOf(request)),
      );
      return reply.code(202).send(proposalAnswer(proposal));
    },
  });
}

function twoMust({ server, tool }: Static<typeof Place>): AdminError {
  return new AdminError(
    'conflict',
    `Two people pin tools of "${server}". Propose it (POST /tools/${server}/${tool}/pin-proposals), and let another confirm.`,
  );
}

function needsTwo(rooms: AdminRooms, server: string): boolean {
  return rooms.registry.snapshot().servers.get(server)?.spec.pins === 'second-person';
}

async function find(rooms: AdminRooms, { server, tool }: Static<typeof Place>): Promise<ToolRow> {
  const [row] = await rooms.tools.list({ server, tool, limit: 1 });
  if (row !== undefined) return row;
  throw new AdminError('not_found', `"${server}" has shown no tool "${tool}". GET /tools lists them.`);
}

async function shown(rooms: AdminRooms, row: ToolRow): Promise<Static<typeof Shown>> {
  const { marks, differences, definition } = await rooms.tools.review(row);
  return {
    ...answerOf(row),
    marks: [...marks],
    definition,
    differences: [...differences],
    policyWarnings: await policyWarnings(rooms, row),
  };
}

function answerOf({
  probed: _probed,
  rejected,
  seen,
  pinned,
  ...row
}: ToolRow): Omit<Static<typeof ToolAnswer>, 'marks'> {
  return {
    ...row,
    rejected: [...rejected],
    ...(seen === undefined ? {} : { seen }),
    ...(pinned === undefined ? {} : { pinned }),
  };
}

function positionOf(after: string | undefined): { after?: { server: string; tool: string } } {
  const [server, tool] = after?.split(' ') ?? [];
  return server === undefined || tool === undefined ? {} : { after: { server, tool } };
}

function actorOf({ principal, tokenId, sourceIp }: Caller): Proposer {
  return { kind: principal.kind, name: principal.name, token: tokenId, sourceIp };
}
