import Type, { type Static } from 'typebox';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import type { ExportTicket } from '../export-tickets.ts';
import type { Caller } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Instant } from '../schemas.ts';

const Cosigned = Type.Object({ number: Type.Integer(), size: Type.Integer(), ts: Instant });

/** How the log's witnesses stand, as `audit status` shows it. */
export const QuorumAnswer = Type.Object({
  met: Type.Boolean({ description: 'Whether a quorum has countersigned the log lately enough.' }),
  demands: Type.String({ description: 'The quorum in words.' }),
  warning: Type.Optional(Type.String({ description: 'What the policy leaves open.' })),
  ageSeconds: Type.Integer({ description: 'Since the newest checkpoint that a quorum covers.' }),
  maxAgeSeconds: Type.Integer(),
  refuses: Type.Boolean({ description: 'Whether calls are refused past that age.' }),
  checkpoint: Type.Optional(Cosigned),
  witnesses: Type.Array(
    Type.Object({
      name: Type.String(),
      kind: Type.Union([Type.Literal('agent'), Type.Literal('witness')]),
      key: Type.String({ description: 'C2SP verifier key.' }),
      last: Type.Optional(Cosigned),
      problem: Type.Optional(Type.String()),
      problemSeconds: Type.Optional(Type.Integer()),
      conflict: Type.Optional(
        Type.String({ description: 'It says that the log is not the one it countersigned.' }),
      ),
    }),
  ),
});

const Cosignature = Type.Object({
  number: Type.Integer(),
  key: Type.String(),
  ts: Instant,
  line: Type.String(),
});
const WitnessKey = Type.Object({
  key: Type.String(),
  witness: Type.String(),
  kind: Type.String(),
  seenAt: Instant,
});
const Conflict = Type.Object({
  at: Instant,
  witness: Type.String(),
  key: Type.String(),
  status: Type.Integer(),
  heldSize: Type.Optional(Type.Integer()),
  shown: Type.String(),
  held: Type.Optional(Type.String()),
  answer: Type.String(),
});

const READERS = ['administrator', 'auditor'] as const;
const Id = closed({ id: Type.String({ maxLength: 40 }) });

/** What an export has of witnesses: their keys, what they countersigned, and what they refused. */
export function addAuditWitnessRoutes(
  app: AdminApp,
  rooms: AdminRooms,
  ticketOf: (id: string, caller: Caller) => ExportTicket,
): void {
  app.route({
    method: 'GET',
    url: '/audit/exports/:id/witnesses',
    config: { access: READERS },
    schema: {
      operationId: 'getExportWitnesses',
      summary: "read the witnesses' keys of an export, and what they refused",
      tags: ['audit'],
      params: Id,
      response: { 200: Type.Object({ keys: Type.Array(WitnessKey), conflicts: Type.Array(Conflict) }) },
    },
    handler: async (request) => {
      ticketOf(request.params.id, callerOf(request));
      const { witnesses } = rooms.audit;
      if (witnesses === undefined) return { keys: [], conflicts: [] };
      return { keys: await witnesses.keys(), conflicts: await witnesses.conflicts() };
    },
  });

  app.route({
    method: 'GET',
    url: '/audit/exports/:id/cosignatures',
    config: { access: READERS },
    schema: {
      operationId: 'getExportCosignatures',
      summary: "read a page of an export's cosignatures",
      tags: ['audit'],
      params: Id,
      querystring: closed({
        from: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 }),
      }),
      response: {
        200: Type.Object({ items: Type.Array(Cosignature), next: Type.Optional(Type.Integer()) }),
      },
    },
    handler: async (request) => {
      const { firstCheckpoint, checkpoint } = ticketOf(request.params.id, callerOf(request));
      const from = Math.max(firstCheckpoint, request.query.from);
      const items = (await rooms.audit.witnesses?.cosignatures(from, checkpoint)) ?? [];
      const last = items.at(-1);
      return { items, ...(last === undefined || last.number >= checkpoint ? {} : { next: last.number + 1 }) };
    },
  });
}

export function quorumOf({ audit }: AdminRooms): { witnesses?: Static<typeof QuorumAnswer> } {
  const state = audit.witnesses?.state();
  if (state === undefined) return {};
  const { witnesses, checkpoint, ...rest } = state;
  return {
    witnesses: {
      ...rest,
      ...(checkpoint === undefined ? {} : { checkpoint }),
      witnesses: [...witnesses],
    },
  };
}
