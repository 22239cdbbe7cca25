import Type, { type Static } from 'typebox';
import type { PartitionStatus } from '../../audit/index.ts';
import type { AdminApp } from '../app.ts';
import type { AdminRooms } from '../rooms.ts';
import { Instant, oneOf } from '../schemas.ts';

const Seq = Type.Integer({ minimum: 0 });

const Partition = Type.Object({
  name: Type.String({
    description: '`2026_11`; `before_2026_12` for what was there before there were months.',
  }),
  state: oneOf(['empty', 'open', 'kept', 'due', 'blocked', 'dropped'] as const),
  fromAt: Type.Optional(Instant),
  untilAt: Instant,
  from: Type.Optional(Seq),
  until: Type.Optional(Type.Integer({ description: 'Behind its last entry.' })),
  bytes: Type.Integer(),
  classes: Type.Array(Type.Object({ name: Type.String(), keep: Type.String(), entries: Type.Integer() }), {
    description: 'What its entries fall under, the longest first: the first decides.',
  }),
  dueAt: Type.Optional(Instant),
  blockedBy: Type.Array(Type.String(), { description: 'What stands in the way of one that is due.' }),
  dropped: Type.Optional(
    Type.Object({ entry: Seq, at: Instant, fields: Type.Unknown({ description: 'As in that entry.' }) }),
  ),
});

/** What becomes of the log's months. */
export function addAuditRetentionRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/audit/retention',
    config: { access: ['administrator', 'auditor', 'custodian'] },
    schema: {
      operationId: 'getRetention',
      summary: 'say which months of the log there are, how long each is kept, and what keeps one that is due',
      tags: ['audit'],
      response: { 200: Type.Object({ first: Seq, size: Seq, items: Type.Array(Partition) }) },
    },
    handler: async () => ({
      first: rooms.audit.first(),
      size: rooms.audit.size(),
      items: (await rooms.audit.retention.status()).map(answerOf),
    }),
  });
}

function answerOf({ classes, blockedBy, ...rest }: PartitionStatus): Static<typeof Partition> {
  return { ...rest, classes: [...classes], blockedBy: [...blockedBy] };
}
