import Type from 'typebox';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import type { ExportTicket } from '../export-tickets.ts';
import { KEPT_PAGE_ITEMS } from '../limits.ts';
import type { Caller } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Digest } from '../schemas.ts';

const Id = closed({ id: Type.String({ maxLength: 40 }) });
const Base64 = Type.String({ description: 'base64' });

/** What an export has of bodies and sealed originals, where it is asked for. */
export function addAuditKeptRoutes(
  app: AdminApp,
  rooms: AdminRooms,
  ticketOf: (id: string, caller: Caller) => ExportTicket,
): void {
  app.route({
    method: 'GET',
    url: '/audit/exports/:id/bodies',
    config: { access: ['auditor', 'custodian'] },
    schema: {
      operationId: 'getExportBodies',
      summary: 'read a page of masked bodies',
      tags: ['audit'],
      params: Id,
      querystring: closed({ after: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })) }),
      response: {
        200: Type.Object({
          items: Type.Array(Type.Object({ digest: Digest, body: Base64 })),
          next: Type.Optional(Digest),
        }),
      },
    },
    handler: async (request) => {
      const { size } = ticketOf(request.params.id, callerOf(request));
      const found = await rooms.audit.keptBodies(request.query.after ?? '', size, KEPT_PAGE_ITEMS);
      const last = found.length < KEPT_PAGE_ITEMS ? undefined : found.at(-1);
      return {
        items: found.map(({ digest, body }) => ({ digest, body: body.toString('base64') })),
        ...(last === undefined ? {} : { next: last.digest }),
      };
    },
  });

  app.route({
    method: 'GET',
    url: '/audit/exports/:id/originals',
    config: { access: ['custodian'] },
    schema: {
      operationId: 'getExportOriginals',
      summary: 'read a page of sealed originals; they stay sealed',
      tags: ['audit'],
      params: Id,
      querystring: closed({ after: Type.Optional(Type.Integer({ minimum: 0 })) }),
      response: {
        200: Type.Object({
          items: Type.Array(
            Type.Object({ seq: Type.Integer(), period: Type.String(), wrappedKey: Base64, sealed: Base64 }),
          ),
          next: Type.Optional(Type.Integer()),
        }),
      },
    },
    handler: async (request) => {
      const { from, size } = ticketOf(request.params.id, callerOf(request));
      const found = await rooms.audit.keptOriginals(request.query.after ?? from - 1, size, KEPT_PAGE_ITEMS);
      const last = found.length < KEPT_PAGE_ITEMS ? undefined : found.at(-1);
      return {
        items: found.map(({ seq, period, wrappedKey, sealed }) => ({
          seq,
          period,
          wrappedKey: wrappedKey.toString('base64'),
          sealed: sealed.toString('base64'),
        })),
        ...(last === undefined ? {} : { next: last.seq }),
      };
    },
  });
}
