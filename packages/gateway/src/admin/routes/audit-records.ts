import Type from 'typebox';
import { AuditError } from '../../audit/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { AdminError } from '../problems.ts';
import { draftFor } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Instant, Name } from '../schemas.ts';
import { ProposalAnswer, proposalAnswer, proposerOf } from './proposals.ts';

const Reason = Type.String({ minLength: 10, maxLength: 1000, description: 'For the record.' });
const Seq = Type.Integer({ minimum: 0 });
const Scope = closed({
  from: Seq,
  until: Type.Integer({ minimum: 1, description: 'Up to but without this one.' }),
  principal: Type.Optional(Name),
  server: Type.Optional(Name),
  session: Type.Optional(Name),
});

const HoldAnswer = Type.Object({
  id: Type.String({ description: '`hld_…`' }),
  scope: Scope,
  reason: Type.String(),
  placedAt: Instant,
  placedBy: Type.String(),
  releasedAt: Type.Optional(Instant),
  releasedBy: Type.Optional(Type.String()),
});

/** What is kept beside the entries: bodies, sealed originals, holds. To hold and to shred takes two people. */
export function addAuditRecordRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/audit/bodies/:digest',
    config: { access: ['auditor', 'custodian'] },
    schema: {
      operationId: 'readBody',
      summary: 'read the masked body that an entry has the digest of',
      tags: ['audit'],
      params: closed({ digest: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
      response: { 200: Type.Object({ digest: Type.String(), body: Type.String() }) },
    },
    handler: async (request) => {
      const { digest } = request.params;
      await rooms.audit.record(
        draftFor(callerOf(request), 'log.read', { control: ['PCI 10.2.1.3'], fields: { body: digest } }),
      );
      const body = await rooms.audit.body(digest);
      if (body === undefined) {
        throw new AdminError(
          'not_found',
          `No body of the digest ${digest.slice(0, 8)}… is kept: it was too large, was left out, or has been shredded.`,
        );
      }
      return { digest, body: body.toString('utf8') };
    },
  });

  app.route({
    method: 'POST',
    url: '/audit/entries/:seq/unmask',
    config: { access: ['custodian'] },
    schema: {
      operationId: 'unmaskEntry',
      summary: 'open the sealed original of a request; who and why is recorded first',
      tags: ['audit'],
      params: closed({ seq: Seq }),
      body: closed({ reason: Reason }),
      response: { 200: Type.Object({ seq: Type.Integer(), original: Type.String() }) },
    },
    handler: async (request) => {
      const { principal, tokenId, sourceIp } = callerOf(request);
      const actor = { kind: principal.kind, name: principal.name, token: tokenId };
      const { seq } = request.params;
      const original = await rooms.audit
        .unmask(seq, actor, request.body.reason, { ip: sourceIp })
        .catch((thrown: unknown) => {
          throw thrown instanceof AuditError && (thrown.code === 'not_found' || thrown.code === 'shredded')
            ? new AdminError('not_found', thrown.message, { cause: thrown })
            : thrown;
        });
      return { seq, original: original.toString('utf8') };
    },
  });

  app.route({
    method: 'GET',
    url: '/audit/holds',
    config: { access: ['administrator', 'auditor', 'custodian'] },
    schema: {
      operationId: 'listHolds',
      summary: 'list legal holds, also those released',
      tags: ['audit'],
      response: { 200: Type.Object({ items: Type.Array(HoldAnswer) }) },
    },
    handler: async () => ({
      items: (await rooms.audit.holds()).map((hold) => ({ ...hold, scope: { ...hold.scope } })),
    }),
  });

  addProposing(app, rooms);
}

function addProposing(app: AdminApp, rooms: AdminRooms): void {
  const proposing = [
    [
      '/audit/holds',
      'proposeHold',
      'propose a legal hold; it is in force once another person confirms',
      'hold.place',
      Scope,
    ],
    [
      '/audit/hold-releases',
      'proposeHoldRelease',
      'propose to release a hold',
      'hold.release',
      closed({ hold: Name }),
    ],
    ['/audit/shreds', 'proposeShred', 'propose to shred originals and bodies for ever', 'shred', Scope],
  ] as const;
  for (const [url, operationId, summary, kind, payload] of proposing) {
    app.route({
      method: 'POST',
      url,
      config: { access: ['custodian', 'administrator'] },
      schema: {
        operationId,
        summary,
        tags: ['audit'],
        body: closed({ payload, reason: Reason }),
        response: { 202: ProposalAnswer },
      },
      handler: async (request, reply) => {
        const { payload: wanted, reason } = request.body;
        const proposal = await rooms.proposals.propose(
          { kind, payload: { ...wanted }, reason },
          proposerOf(callerOf(request)),
        );
        return reply.code(202).send(proposalAnswer(proposal));
      },
    });
  }
}
