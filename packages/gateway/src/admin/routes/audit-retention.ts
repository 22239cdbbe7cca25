import Type, { type Static } from 'typebox';
import { AuditError, type PartitionStatus } from '../../audit/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { AdminError } from '../problems.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Instant, oneOf } from '../schemas.ts';
import { ProposalAnswer, proposalAnswer, proposerOf } from './proposals.ts';

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
  exported: Type.Optional(
    Type.Object({
      from: Seq,
      until: Seq,
      size: Seq,
      checkpoint: Seq,
      location: Type.String(),
      manifest: Type.String({ description: 'SHA-256 of its MANIFEST.json.' }),
      verifiedAt: Instant,
    }),
  ),
  dropped: Type.Optional(
    Type.Object({ entry: Seq, at: Instant, fields: Type.Unknown({ description: 'As in that entry.' }) }),
  ),
});

const Status = Type.Object({
  first: Seq,
  size: Seq,
  items: Type.Array(Partition),
  exports: Type.Object({
    running: Type.Optional(Type.String({ description: 'The month whose export is being written.' })),
    problems: Type.Record(Type.String(), Type.String(), {
      description: 'Why the last one of a month failed.',
    }),
  }),
});

const Month = Type.String({ pattern: '^[a-z0-9_]{1,40}$' });
/** Who may export a month that is due, and propose that it goes. */
const DROPPERS = ['administrator', 'custodian'] as const;

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
      response: { 200: Status },
    },
    handler: async () => ({
      first: rooms.audit.first(),
      size: rooms.audit.size(),
      items: (await rooms.audit.retention.status()).map(answerOf),
      exports: exportsOf(rooms),
    }),
  });

  app.route({
    method: 'POST',
    url: '/audit/retention/exports',
    config: { access: DROPPERS },
    schema: {
      operationId: 'exportMonth',
      summary: 'write and verify the export of a month that is due; it is done when the month shows it',
      tags: ['audit'],
      body: closed({ partition: Month }),
      response: { 202: Type.Object({ running: Type.Optional(Type.String()) }) },
    },
    handler: async (request, reply) => {
      const { principal, tokenId } = callerOf(request);
      const by = { kind: principal.kind, name: principal.name, token: tokenId };
      await refusable(rooms.audit.retention.beginExport(request.body.partition, by));
      return reply.code(202).send({ running: request.body.partition });
    },
  });

  app.route({
    method: 'POST',
    url: '/audit/retention/drops',
    config: { access: DROPPERS },
    schema: {
      operationId: 'proposeMonthDrop',
      summary: 'propose to drop a month whose export is verified; it goes once another person confirms',
      tags: ['audit'],
      body: closed({
        partition: Month,
        reason: Type.String({ minLength: 10, maxLength: 1000, description: 'For the record.' }),
      }),
      response: { 202: ProposalAnswer },
    },
    handler: async (request, reply) => {
      const { partition, reason } = request.body;
      const order = await refusable(rooms.audit.retention.order(partition));
      const proposal = await rooms.proposals.propose(
        { kind: 'retention.drop', payload: { ...order }, reason },
        proposerOf(callerOf(request)),
      );
      return reply.code(202).send(proposalAnswer(proposal));
    },
  });
}

/** What can't be done to a month now is the caller's to know. */
async function refusable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof AuditError && thrown.code === 'not_due')
      throw new AdminError('conflict', thrown.message, { cause: thrown });
    throw thrown;
  }
}

function exportsOf({ audit }: AdminRooms): Static<typeof Status>['exports'] {
  const { problems, ...rest } = audit.retention.exports();
  return { ...rest, problems: { ...problems } };
}

function answerOf({ classes, blockedBy, ...rest }: PartitionStatus): Static<typeof Partition> {
  return { ...rest, classes: [...classes], blockedBy: [...blockedBy] };
}
