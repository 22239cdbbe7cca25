import Type, { type Static } from 'typebox';
import type { Proposal, Proposer } from '../../proposal/index.ts';
import { PROPOSAL_STATES } from '../../proposal/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { pageFrom, readPosition } from '../pages.ts';
import { AdminError } from '../problems.ts';
import type { Caller } from '../record.ts';
import type { AdminRooms } from '../rooms.ts';
import { After, closed, Instant, Limit, Name, oneOf, PrincipalKind, pageOf } from '../schemas.ts';

/** Who may be the second person. Which of them may propose what is said by the route that proposes it. */
const SECOND = ['administrator', 'custodian'] as const;
const READERS = [...SECOND, 'auditor'] as const;

export const ProposalAnswer = Type.Object({
  id: Type.String({ description: '`prp_…`' }),
  kind: Type.String(),
  state: oneOf(PROPOSAL_STATES),
  payload: Type.Unknown({ description: 'What will be done, exactly.' }),
  digest: Type.String({ description: 'Confirm this.' }),
  reason: Type.String(),
  proposedBy: Type.Object({ kind: PrincipalKind, name: Type.String() }),
  proposedAt: Instant,
  expiresAt: Instant,
  decidedBy: Type.Optional(Type.String()),
  decidedAt: Type.Optional(Instant),
  decisionReason: Type.Optional(Type.String()),
  outcome: Type.Optional(Type.String({ description: 'What came of carrying it out.' })),
});

/** Changes that need a second person: looked at, confirmed by their digest, or refused. */
export function addProposalRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/proposals',
    config: { access: READERS },
    schema: {
      operationId: 'listProposals',
      summary: 'list changes that need or had a second person, newest first',
      tags: ['proposals'],
      querystring: closed({
        state: Type.Optional(oneOf(PROPOSAL_STATES)),
        kind: Type.Optional(Name),
        after: After,
        limit: Limit,
      }),
      response: { 200: pageOf(ProposalAnswer) },
    },
    handler: async ({ query }) => {
      const { after, limit, ...filters } = query;
      const position = readPosition(after);
      const found = await rooms.proposals.list({
        ...filters,
        ...(position === undefined ? {} : { after: position }),
        limit: limit + 1,
      });
      const { items, ...rest } = pageFrom(found, limit, (each) => `${each.proposedAt} ${each.id}`);
      return { items: items.map(proposalAnswer), ...rest };
    },
  });

  app.route({
    method: 'GET',
    url: '/proposals/:id',
    config: { access: READERS },
    schema: {
      operationId: 'showProposal',
      summary: 'show one proposal',
      tags: ['proposals'],
      params: closed({ id: Name }),
      response: { 200: ProposalAnswer },
    },
    handler: async ({ params }) => {
      const proposal = await rooms.proposals.get(params.id);
      if (proposal === undefined) throw new AdminError('not_found', `There is no proposal "${params.id}".`);
      return proposalAnswer(proposal);
    },
  });

  app.route({
    method: 'POST',
    url: '/proposals/:id/confirm',
    config: { access: SECOND },
    schema: {
      operationId: 'confirmProposal',
      summary: 'be the second person: confirm the digest that you saw, and it is carried out',
      tags: ['proposals'],
      params: closed({ id: Name }),
      body: closed({ digest: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
      response: { 200: ProposalAnswer },
    },
    handler: async (request) =>
      proposalAnswer(
        await rooms.proposals.confirm(request.params.id, request.body.digest, proposerOf(callerOf(request))),
      ),
  });

  app.route({
    method: 'POST',
    url: '/proposals/:id/refuse',
    config: { access: SECOND },
    schema: {
      operationId: 'refuseProposal',
      summary: 'refuse a proposal, or take your own back',
      tags: ['proposals'],
      params: closed({ id: Name }),
      body: closed({ reason: Type.String({ minLength: 1, maxLength: 1000 }) }),
      response: { 200: ProposalAnswer },
    },
    handler: async (request) =>
      proposalAnswer(
        await rooms.proposals.refuse(request.params.id, request.body.reason, proposerOf(callerOf(request))),
      ),
  });
}

export function proposerOf({ principal, tokenId, sourceIp }: Caller): Proposer {
  return { kind: principal.kind, name: principal.name, token: tokenId, sourceIp };
}

export function proposalAnswer(proposal: Proposal): Static<typeof ProposalAnswer> {
  return { ...proposal };
}
