import Type from 'typebox';
import type { AnchorsState } from '../../audit/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import type { ExportTicket } from '../export-tickets.ts';
import { EXPORT_PAGE_CHECKPOINTS } from '../limits.ts';
import { AdminError } from '../problems.ts';
import { type Caller, draftFor } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Instant } from '../schemas.ts';

const Kind = Type.Union([Type.Literal('folder'), Type.Literal('s3'), Type.Literal('timestamp')]);

/** How the log's anchors stand, as `audit status` shows it. */
export const AnchorsAnswer = Type.Object({
  everySeconds: Type.Integer(),
  maxAgeSeconds: Type.Integer(),
  refuses: Type.Boolean({ description: 'Whether calls are refused past that age.' }),
  met: Type.Boolean({ description: 'Whether every anchor is younger than that.' }),
  anchors: Type.Array(
    Type.Object({
      name: Type.String(),
      kind: Kind,
      last: Type.Optional(
        Type.Object({
          number: Type.Integer(),
          size: Type.Integer(),
          at: Instant,
          location: Type.String(),
        }),
      ),
      ageSeconds: Type.Integer(),
      problem: Type.Optional(Type.String()),
    }),
  ),
});

const AnchorRecordAnswer = Type.Object({
  number: Type.Integer({ description: 'Of the checkpoint.' }),
  anchor: Type.String(),
  kind: Kind,
  at: Instant,
  size: Type.Integer(),
  location: Type.String(),
  proof: Type.Optional(Type.String({ description: 'Of a time stamp: TimeStampResp (RFC 3161), base64.' })),
});

/** Anchoring now, and the anchors of an export. */
export function addAuditAnchorRoutes(
  app: AdminApp,
  rooms: AdminRooms,
  ticketOf: (id: string, caller: Caller) => ExportTicket,
): void {
  app.route({
    method: 'POST',
    url: '/audit/anchors',
    config: { access: ['administrator', 'auditor'] },
    schema: {
      operationId: 'anchorLog',
      summary: 'sign the audit log as it is now, and anchor that checkpoint everywhere',
      tags: ['audit'],
      response: { 200: AnchorsAnswer },
    },
    handler: async (request) => {
      const { anchors } = rooms.audit;
      if (anchors === undefined)
        throw new AdminError('conflict', 'The settings name no anchors. Add "anchors" (docs/AUDIT.md).');
      await rooms.audit.record(draftFor(callerOf(request), 'log.anchor_asked', {}));
      await rooms.audit.makeCheckpoint();
      return answerOf(await anchors.now());
    },
  });

  app.route({
    method: 'GET',
    url: '/audit/exports/:id/anchors',
    config: { access: ['administrator', 'auditor'] },
    schema: {
      operationId: 'getExportAnchors',
      summary: 'read a page of what was anchored',
      tags: ['audit'],
      params: closed({ id: Type.String({ maxLength: 40 }) }),
      querystring: closed({ after: Type.Optional(Type.String({ pattern: '^\\d{1,15}/[a-z0-9-]{1,40}$' })) }),
      response: {
        200: Type.Object({ items: Type.Array(AnchorRecordAnswer), next: Type.Optional(Type.String()) }),
      },
    },
    handler: async (request) => {
      const { firstCheckpoint, checkpoint } = ticketOf(request.params.id, callerOf(request));
      const [number = firstCheckpoint, anchor = ''] = request.query.after?.split('/') ?? [];
      const after = { number: Number(number), anchor };
      const found = (await rooms.audit.anchors?.page(after, checkpoint, EXPORT_PAGE_CHECKPOINTS)) ?? [];
      const last = found.length < EXPORT_PAGE_CHECKPOINTS ? undefined : found.at(-1);
      return {
        items: found.map(({ proof, ...rest }) => ({
          ...rest,
          ...(proof === undefined ? {} : { proof: proof.toString('base64') }),
        })),
        ...(last === undefined ? {} : { next: `${last.number}/${last.anchor}` }),
      };
    },
  });
}

/** For the log's status. */
export function anchorsOf({ audit }: AdminRooms): { anchors?: ReturnType<typeof answerOf> } {
  return audit.anchors === undefined ? {} : { anchors: answerOf(audit.anchors.state()) };
}

function answerOf({ anchors, ...rest }: AnchorsState) {
  return { ...rest, anchors: [...anchors] };
}
