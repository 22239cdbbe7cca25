import Type, { type Static } from 'typebox';
import type { Grant, GrantActor, GrantTerms } from '../../grant/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { pageFrom, readPosition } from '../pages.ts';
import { AdminError } from '../problems.ts';
import type { Caller } from '../record.ts';
import { mayEnter } from '../roles.ts';
import type { AdminRooms } from '../rooms.ts';
import { After, closed, Instant, Limit, Name, oneOf, PrincipalKind, pageOf } from '../schemas.ts';

const STATES = ['requested', 'active', 'refused', 'withdrawn', 'expired', 'revoked', 'used_up'] as const;
/** Who sees and ends other people's grants. */
const OVERSEERS = ['administrator', 'approver', 'auditor', 'operator'] as const;
const REVOKERS = ['administrator', 'approver', 'operator'] as const;

const ArgumentLimit = closed({
  argument: Type.String({ minLength: 1, maxLength: 200 }),
  min: Type.Optional(Type.String({ maxLength: 100, description: 'Decimal number as a text.' })),
  max: Type.Optional(Type.String({ maxLength: 100, description: 'Decimal number as a text.' })),
  oneOf: Type.Optional(Type.Array(Type.String({ maxLength: 500 }), { maxItems: 100 })),
  prefix: Type.Optional(Type.String({ maxLength: 500 })),
});
const Tools = Type.Array(Type.String({ maxLength: 128 }), { maxItems: 100 });
const Minutes = Type.Integer({ minimum: 1, maximum: 43_200 });
const Uses = Type.Integer({ minimum: 1, maximum: 1_000_000 });

const GrantAnswer = Type.Object({
  id: Type.String({ description: '`grt_…`' }),
  state: oneOf(STATES),
  principal: Type.Object({ kind: PrincipalKind, name: Type.String() }),
  server: Type.String(),
  tools: Type.Array(Type.String(), { description: 'Empty: every tool of the server.' }),
  argumentLimits: Type.Array(ArgumentLimit),
  reason: Type.String(),
  ticket: Type.Optional(Type.String()),
  minutes: Type.Integer(),
  usesMax: Type.Optional(Type.Integer()),
  uses: Type.Integer(),
  session: Type.Optional(Type.String()),
  termsDigest: Type.String({ description: 'What an approver consents to.' }),
  requestedAt: Instant,
  requestedBy: Type.String(),
  requestUntil: Instant,
  decidedAt: Type.Optional(Instant),
  decidedBy: Type.Optional(Type.String()),
  decisionReason: Type.Optional(Type.String()),
  approval: Type.Optional(Type.String()),
  expiresAt: Type.Optional(Instant),
  endedAt: Type.Optional(Instant),
  endReason: Type.Optional(Type.String()),
  lastUsedAt: Type.Optional(Instant),
});

const NewGrant = closed({
  server: Name,
  tools: Type.Optional(Tools),
  argumentLimits: Type.Optional(Type.Array(ArgumentLimit, { maxItems: 50 })),
  reason: Type.String({ maxLength: 1000 }),
  ticket: Type.Optional(Type.String({ maxLength: 100 })),
  minutes: Type.Optional(Minutes),
  uses: Type.Optional(Uses),
});

const Narrower = closed({
  tools: Type.Optional(Tools),
  argumentLimits: Type.Optional(Type.Array(ArgumentLimit, { maxItems: 50 })),
  minutes: Type.Optional(Minutes),
  uses: Type.Optional(Uses),
});

const ListQuery = closed({
  state: Type.Optional(oneOf(STATES)),
  principal: Type.Optional(Name),
  server: Type.Optional(Name),
  after: After,
  limit: Limit,
});

/** Just-in-time access: asked for by anybody for themselves, granted as policy says, ended by its owner or overseers. */
export function addGrantRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'POST',
    url: '/grants',
    config: { access: 'authenticated' },
    schema: {
      operationId: 'requestGrant',
      summary: 'ask for access to a server for a limited time',
      tags: ['access'],
      body: NewGrant,
      response: { 201: GrantAnswer },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const grant = await rooms.grants.request(termsOf(caller, request.body), actorOf(caller));
      return reply.code(201).send(answerOf(grant));
    },
  });

  app.route({
    method: 'GET',
    url: '/grants',
    config: { access: 'authenticated' },
    schema: {
      operationId: 'listGrants',
      summary: 'list grants, newest first; without an overseeing role only your own',
      tags: ['access'],
      querystring: ListQuery,
      response: { 200: pageOf(GrantAnswer) },
    },
    handler: async (request) => {
      const { after, limit, ...filters } = request.query;
      const caller = callerOf(request);
      const own = mayEnter(OVERSEERS, caller.principal.roles) ? {} : { principal: caller.principal.name };
      const position = readPosition(after);
      const found = await rooms.grants.list({
        ...filters,
        ...own,
        ...(position === undefined ? {} : { after: { requestedAt: position.at, id: position.id } }),
        limit: limit + 1,
      });
      const { items, ...rest } = pageFrom(found, limit, ({ requestedAt, id }) => `${requestedAt} ${id}`);
      return { items: items.map(answerOf), ...rest };
    },
  });

  app.route({
    method: 'GET',
    url: '/grants/:id',
    config: { access: 'authenticated' },
    schema: {
      operationId: 'showGrant',
      summary: 'show one grant',
      tags: ['access'],
      params: closed({ id: Name }),
      response: { 200: GrantAnswer },
    },
    handler: async (request) => answerOf(await visible(rooms, callerOf(request), request.params.id)),
  });

  addEndings(app, rooms);
}

function addEndings(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'PATCH',
    url: '/grants/:id',
    config: { access: ['administrator', 'approver'] },
    schema: {
      operationId: 'narrowGrant',
      summary: 'narrow a request before it is granted; its approval is asked for anew',
      tags: ['access'],
      params: closed({ id: Name }),
      body: Narrower,
      response: { 200: GrantAnswer },
    },
    handler: async (request) => {
      const { tools, argumentLimits, minutes, uses } = request.body;
      const narrower = {
        ...(tools === undefined ? {} : { tools }),
        ...(argumentLimits === undefined ? {} : { argumentLimits }),
        ...(minutes === undefined ? {} : { durationSeconds: minutes * 60 }),
        ...(uses === undefined ? {} : { usesMax: uses }),
      };
      return answerOf(await rooms.grants.narrow(request.params.id, narrower, actorOf(callerOf(request))));
    },
  });

  app.route({
    method: 'DELETE',
    url: '/grants/:id',
    config: { access: 'authenticated' },
    schema: {
      operationId: 'revokeGrant',
      summary: 'end a grant at once, or take a request back; calls that run under it end too',
      tags: ['access'],
      params: closed({ id: Name }),
      querystring: closed({ reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })) }),
      response: { 200: GrantAnswer },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const grant = await visible(rooms, caller, request.params.id);
      if (!isOwn(grant, caller) && !mayEnter(REVOKERS, caller.principal.roles)) {
        throw new AdminError('forbidden', `Only its owner or the roles ${REVOKERS.join(', ')} end a grant.`, {
          roles: REVOKERS,
        });
      }
      const reason =
        request.query.reason ?? (isOwn(grant, caller) ? 'no longer needed' : 'ended by an overseer');
      return answerOf(await rooms.grants.revoke(grant.id, reason, actorOf(caller)));
    },
  });
}

/** A grant that is not the caller's own is not there for it. */
async function visible(rooms: AdminRooms, caller: Caller, id: string): Promise<Grant> {
  const grant = await rooms.grants.get(id);
  if (grant !== undefined && (isOwn(grant, caller) || mayEnter(OVERSEERS, caller.principal.roles)))
    return grant;
  throw new AdminError('not_found', `There is no grant "${id}" that you may see. GET /grants lists them.`);
}

function isOwn(grant: Grant, { principal }: Caller): boolean {
  return grant.principal.kind === principal.kind && grant.principal.name === principal.name;
}

function termsOf({ principal }: Caller, asked: Static<typeof NewGrant>): GrantTerms {
  const { server, tools = [], argumentLimits = [], reason, ticket, minutes = 60, uses } = asked;
  return {
    principal: { kind: principal.kind, name: principal.name },
    server,
    tools,
    argumentLimits,
    reason,
    durationSeconds: minutes * 60,
    ...(ticket === undefined ? {} : { ticket }),
    ...(uses === undefined ? {} : { usesMax: uses }),
  };
}

function actorOf({ principal, tokenId, sourceIp }: Caller): GrantActor {
  return { kind: principal.kind, name: principal.name, token: tokenId, sourceIp };
}

function answerOf(grant: Grant): Static<typeof GrantAnswer> {
  const { durationSeconds, tools, argumentLimits, ...rest } = grant;
  return {
    ...rest,
    tools: [...tools],
    argumentLimits: argumentLimits.map(({ oneOf: values, ...limit }) =>
      values === undefined ? limit : { ...limit, oneOf: [...values] },
    ),
    minutes: Math.ceil(durationSeconds / 60),
  };
}
