import Type, { type Static } from 'typebox';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { pageFrom } from '../pages.ts';
import { AdminError } from '../problems.ts';
import { callerAsChanger, draftFor } from '../record.ts';
import type { AdminRooms, SessionInfo } from '../rooms.ts';
import { closed, Instant, Name, oneOf, PageQuery, PrincipalKind, pageOf } from '../schemas.ts';

const SessionAnswer = Type.Object({
  id: Type.String({ description: '`ses_…`' }),
  principal: Type.Object({ kind: PrincipalKind, name: Type.String() }),
  server: Type.String(),
  agent: Type.Optional(Type.String()),
  era: oneOf(['legacy', 'modern']),
  protocolVersion: Type.Optional(Type.String()),
  client: Type.Optional(Type.String({ description: 'What the MCP client calls itself.' })),
  startedAt: Instant,
  lastUsedAt: Instant,
});

/** Live MCP sessions. */
export function addSessionRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/sessions',
    config: { access: ['administrator', 'auditor', 'operator'] },
    schema: {
      operationId: 'listSessions',
      summary: 'list live sessions',
      tags: ['sessions'],
      querystring: PageQuery,
      response: { 200: pageOf(SessionAnswer) },
    },
    handler: async (request) => {
      const { after, limit } = request.query;
      const { items, ...rest } = pageFrom(await rooms.sessions.list(after, limit + 1), limit, ({ id }) => id);
      return { items: items.map(sessionAnswer), ...rest };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/sessions/:id',
    config: { access: ['administrator', 'operator'] },
    schema: {
      operationId: 'endSession',
      summary: 'end a session at once',
      tags: ['sessions'],
      params: closed({ id: Name }),
      querystring: closed({
        reason: Type.Optional(Type.String({ maxLength: 500, description: 'For the record.' })),
      }),
      response: { 200: Type.Object({ id: Type.String(), ended: Type.Literal(true) }) },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const { id } = request.params;
      const reason = request.query.reason ?? 'ended by an operator';
      // Who asked is recorded before anything ends; what ended is the session's own entry.
      await rooms.audit.record(draftFor(caller, 'session.kill', { session: id, fields: { reason } }));
      if (!(await rooms.sessions.end(id, reason, callerAsChanger(caller)))) {
        throw new AdminError('not_found', `There is no live session "${id}". GET /sessions lists them.`);
      }
      return { id, ended: true as const };
    },
  });
}

function sessionAnswer(session: SessionInfo): Static<typeof SessionAnswer> {
  return { ...session };
}
