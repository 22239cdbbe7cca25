import Type from 'typebox';
import type { ServiceAccountSpec } from '../../registry/index.ts';
import type { AdminApp } from '../app.ts';
import { callerOf } from '../corridor.ts';
import type { DocumentChanges } from '../document-changes.ts';
import { pageInMemory } from '../pages.ts';
import type { AdminRooms } from '../rooms.ts';
import { After, closed, Instant, Limit, Name, oneOf, pageOf } from '../schemas.ts';

const Membership = Type.String({ pattern: '^(group|role):[A-Za-z0-9._@-]{1,63}$' });
const ReviewAnswer = Type.Object({
  account: Type.String(),
  membership: Type.String({ description: '`group:<name>` or `role:<name>`' }),
  since: Instant,
  dueAt: Instant,
  overdue: Type.Boolean(),
  lastUsedAt: Type.Optional(Instant),
  last: Type.Optional(
    Type.Object({
      decision: oneOf(['keep', 'remove']),
      by: Type.String(),
      at: Instant,
      reason: Type.String(),
    }),
  ),
});

/** Recertification of memberships, every six months by default. */
export function addAccessReviewRoutes(app: AdminApp, rooms: AdminRooms, changes: DocumentChanges): void {
  app.route({
    method: 'GET',
    url: '/access-reviews',
    config: { access: ['administrator', 'auditor', 'approver'] },
    schema: {
      operationId: 'listAccessReviews',
      summary: 'list memberships with when they are to be reviewed, those that are due first',
      tags: ['access'],
      querystring: closed({ overdue: Type.Optional(Type.Boolean()), after: After, limit: Limit }),
      response: { 200: pageOf(ReviewAnswer) },
    },
    handler: async ({ query }) => {
      const all = await rooms.accessReviews.list();
      return pageInMemory(
        query.overdue === true ? all.filter(({ overdue }) => overdue) : all,
        query,
        ({ dueAt, account, membership }) => `${dueAt} ${account} ${membership}`,
      );
    },
  });

  app.route({
    method: 'POST',
    url: '/access-reviews',
    config: { access: ['administrator', 'approver'] },
    schema: {
      operationId: 'reviewAccess',
      summary: 'keep or remove a membership of somebody else',
      tags: ['access'],
      body: closed({
        account: Name,
        membership: Membership,
        decision: oneOf(['keep', 'remove']),
        reason: Type.String({ maxLength: 1000 }),
      }),
      response: {
        200: Type.Object({ account: Type.String(), membership: Type.String(), decision: Type.String() }),
      },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const { account, membership, decision } = request.body;
      const { kind, name } = caller.principal;
      await rooms.accessReviews.decide(request.body, { kind, name, token: caller.tokenId });
      if (decision === 'remove') {
        await changes.apply(caller, (snapshot) => {
          const held = snapshot.serviceAccounts.get(account)?.spec;
          return held === undefined
            ? { documents: [] }
            : {
                documents: [
                  { kind: 'ServiceAccount', name: account, spec: { ...without(held, membership) } },
                ],
              };
        });
      }
      return { account, membership, decision };
    },
  });
}

function without(spec: ServiceAccountSpec, membership: string): ServiceAccountSpec {
  const [kind, name] = [
    membership.slice(0, membership.indexOf(':')),
    membership.slice(membership.indexOf(':') + 1),
  ];
  return kind === 'group'
    ? { ...spec, groups: spec.groups.filter((group) => group !== name) }
    : { ...spec, roles: spec.roles.filter((role) => role !== name) };
}
