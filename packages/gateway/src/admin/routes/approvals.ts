import Type, { type Static } from 'typebox';
import { APPROVAL_STATES, type Approval, type Decider } from '../../approval/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import { pageFrom, readPosition } from '../pages.ts';
import { AdminError } from '../problems.ts';
import type { Caller } from '../record.ts';
import { mayEnter } from '../roles.ts';
import type { AdminRooms } from '../rooms.ts';
import { After, closed, Instant, Limit, Name, oneOf, PrincipalKind, pageOf } from '../schemas.ts';
import { addApprovalSubjectRoute, DECIDERS, OVERSEERS, visibleApproval } from './approval-subject.ts';

const Digest = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Of exactly what you saw.' });
const Reason = Type.String({ maxLength: 1000 });
const VoteAnswer = Type.Object({
  by: Type.String(),
  seat: Type.String({ description: 'For whom; another than `by` where somebody stands in.' }),
  effect: oneOf(['approve', 'deny']),
  method: Type.String({ description: 'How it was proven who decided.' }),
  reason: Type.Optional(Type.String()),
  at: Instant,
});
const ApprovalAnswer = Type.Object({
  id: Type.String({ description: '`apr_…`' }),
  kind: oneOf(['call', 'grant']),
  state: oneOf(APPROVAL_STATES),
  digest: Type.String({ description: 'What consent is bound to.' }),
  requester: Type.Object({ kind: PrincipalKind, name: Type.String() }),
  server: Type.String(),
  tool: Type.Optional(Type.String()),
  method: Type.String(),
  grant: Type.Optional(Type.String()),
  flows: Type.Array(Type.String()),
  needs: Type.Array(Type.String(), { description: 'Who has to approve, in words.' }),
  policies: Type.Array(Type.String(), { description: 'Policies that ask for it.' }),
  policyVersion: Type.String(),
  requestedAt: Instant,
  expiresAt: Instant,
  decidedAt: Type.Optional(Instant),
  validUntil: Type.Optional(Instant),
  endedAt: Type.Optional(Instant),
  endReason: Type.Optional(Type.String()),
  supersededBy: Type.Optional(Type.String()),
  votes: Type.Array(VoteAnswer),
  breakGlass: Type.Optional(
    Type.Object({
      by: Type.String(),
      reviewUntil: Instant,
      reviewedAt: Type.Optional(Instant),
      reviewedBy: Type.Optional(Type.String()),
      note: Type.Optional(Type.String()),
    }),
  ),
});

const ListQuery = closed({
  state: Type.Optional(oneOf(APPROVAL_STATES)),
  requester: Type.Optional(Name),
  server: Type.Optional(Name),
  unreviewed: Type.Optional(Type.Boolean()),
  after: After,
  limit: Limit,
});

/** Held calls and requests for access: looked at and decided on by who the flows name. */
export function addApprovalRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'GET',
    url: '/approvals',
    config: { access: 'authenticated' },
    schema: {
      operationId: 'listApprovals',
      summary: 'list approvals, newest first; without an overseeing role only your own requests',
      tags: ['approvals'],
      querystring: ListQuery,
      response: { 200: pageOf(ApprovalAnswer) },
    },
    handler: async (request) => {
      const { after, limit, ...filters } = request.query;
      const { principal } = callerOf(request);
      const own = mayEnter(OVERSEERS, principal.roles) ? {} : { requester: principal.name };
      const position = readPosition(after);
      const found = await rooms.approvals.list({
        ...filters,
        ...own,
        ...(position === undefined ? {} : { after: { requestedAt: position.at, id: position.id } }),
        limit: limit + 1,
      });
      const { items, ...rest } = pageFrom(found, limit, ({ requestedAt, id }) => `${requestedAt} ${id}`);
      return { items: items.map(approvalAnswer), ...rest };
    },
  });

  app.route({
    method: 'GET',
    url: '/approvals/:id',
    config: { access: 'authenticated' },
    schema: {
      operationId: 'showApproval',
      summary: 'show how an approval stands',
      tags: ['approvals'],
      params: closed({ id: Name }),
      response: { 200: ApprovalAnswer },
    },
    handler: async (request) =>
      approvalAnswer(await visibleApproval(rooms, callerOf(request), request.params.id)),
  });

  addApprovalSubjectRoute(app, rooms);
  addDecisions(app, rooms);
  addEndings(app, rooms);
}

function addDecisions(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'POST',
    url: '/approvals/:id/approve',
    config: { access: DECIDERS },
    schema: {
      operationId: 'approve',
      summary: 'approve exactly what you saw, by its digest',
      tags: ['approvals'],
      params: closed({ id: Name }),
      body: closed({
        digest: Digest,
        reason: Type.Optional(Reason),
        breakGlass: Type.Optional(
          Type.Boolean({ description: 'Alone, in an emergency; it is reviewed afterwards.' }),
        ),
      }),
      response: { 200: ApprovalAnswer },
    },
    handler: async (request) =>
      approvalAnswer(
        await rooms.approvals.decide(
          request.params.id,
          { effect: 'approve', ...request.body },
          deciderOf(callerOf(request)),
        ),
      ),
  });
  app.route({
    method: 'POST',
    url: '/approvals/:id/deny',
    config: { access: DECIDERS },
    schema: {
      operationId: 'deny',
      summary: 'deny it; who asked is told the reason',
      tags: ['approvals'],
      params: closed({ id: Name }),
      body: closed({ digest: Digest, reason: Type.String({ minLength: 3, maxLength: 1000 }) }),
      response: { 200: ApprovalAnswer },
    },
    handler: async (request) =>
      approvalAnswer(
        await rooms.approvals.decide(
          request.params.id,
          { effect: 'deny', ...request.body },
          deciderOf(callerOf(request)),
        ),
      ),
  });
}

function addEndings(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'POST',
    url: '/approvals/:id/withdraw',
    config: { access: 'authenticated' },
    schema: {
      operationId: 'withdrawApproval',
      summary: 'take your own request back',
      tags: ['approvals'],
      params: closed({ id: Name }),
      response: { 200: ApprovalAnswer },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const approval = await visibleApproval(rooms, caller, request.params.id);
      if (approval.requester.name !== caller.principal.name) {
        throw new AdminError('forbidden', 'Only who asked takes it back. An approver denies it.');
      }
      await rooms.approvals.withdraw(approval.id, 'the requester took it back');
      return approvalAnswer(await visibleApproval(rooms, caller, approval.id));
    },
  });

  app.route({
    method: 'POST',
    url: '/approvals/:id/review',
    config: { access: [...DECIDERS, 'auditor'] },
    schema: {
      operationId: 'reviewApproval',
      summary: 'review a call that was approved by breaking glass',
      tags: ['approvals'],
      params: closed({ id: Name }),
      body: closed({ note: Type.String({ minLength: 3, maxLength: 1000 }) }),
      response: { 200: ApprovalAnswer },
    },
    handler: async (request) => {
      const { principal, tokenId } = callerOf(request);
      const { kind, name, groups } = principal;
      const by = { kind, name, groups, token: tokenId };
      return approvalAnswer(await rooms.approvals.review(request.params.id, request.body.note, by));
    },
  });
}

/** How it was proven who decides: by a token of the account. */
function deciderOf({ principal, tokenId, sourceIp }: Caller): Decider {
  const { kind, name, groups } = principal;
  return { kind, name, groups, proof: { method: 'token', token: tokenId }, sourceIp };
}

function approvalAnswer(approval: Approval): Static<typeof ApprovalAnswer> {
  const { rules, votes, flows, policies, requester, breakGlass, ...rest } = approval;
  return {
    ...rest,
    requester: { ...requester },
    flows: [...flows],
    policies: [...policies],
    needs: Object.entries(rules).map(([flow, { stages, order }]) => {
      const who = stages.map(({ approvers, needed }) => `${needed} of ${approvers.join(' or ')}`);
      return `${flow}: ${who.join(order === 'any' ? ' and ' : ', then ')}`;
    }),
    votes: votes.map(({ by, seat, effect, method, reason, at }) => ({
      by: by.name,
      seat,
      effect,
      method,
      at,
      ...(reason === undefined ? {} : { reason }),
    })),
    ...(breakGlass === undefined ? {} : { breakGlass: { ...breakGlass } }),
  };
}
