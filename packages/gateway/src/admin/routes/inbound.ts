import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { type Approval, ApprovalError, type Proof } from '../../approval/index.ts';
import { type Incoming, NotifyError } from '../../notify/index.ts';
import type { AdminApp } from '../app.ts';
import { AdminError } from '../problems.ts';
import { mayEnter } from '../roles.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Name } from '../schemas.ts';
import { DECIDERS } from './approval-subject.ts';

const Params = closed({ notification: Name });

/**
 * Decisions from elsewhere. They bring no token: who sends them is proven by the signature over the very bytes, who
 * decided by the map of people in the Notification document. What they decide on is read anew, like any decision.
 */
export async function addInboundRoutes(app: AdminApp, rooms: AdminRooms): Promise<void> {
  await app.register(async (scope) => {
    const inbound = scope as unknown as AdminApp; // cast: the type provider is inherited
    // The signature is over the bytes, so that they are not parsed before it was checked.
    inbound.removeAllContentTypeParsers();
    inbound.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    inbound.route({
      method: 'POST',
      url: '/inbound/slack/:notification',
      config: { access: 'public' },
      schema: {
        operationId: 'slackDecides',
        summary: 'take the press of a button in Slack, signed by Slack',
        tags: ['approvals'],
        params: Params,
        response: { 200: Type.Object({}) },
      },
      handler: async (request) => {
        const { notification } = request.params;
        const said = await verified(rooms, request, 'slack', (body) =>
          rooms.notify.slackSays(notification, request.headers, body),
        );
        try {
          await decide(rooms, said, { method: 'slack', notification, user: said.user }, request);
        } catch (thrown) {
          if (!(thrown instanceof ApprovalError || thrown instanceof AdminError)) throw thrown;
          // Slack shows its users nothing of an error; they are told in a message of their own.
          await rooms.notify.answerInSlack(said, thrown.message);
        }
        return {};
      },
    });
    inbound.route({
      method: 'POST',
      url: '/inbound/webhook/:notification',
      config: { access: 'public' },
      schema: {
        operationId: 'webhookDecides',
        summary: 'take a decision of another system, signed by it',
        tags: ['approvals'],
        params: Params,
        response: { 200: Type.Object({ id: Type.String(), state: Type.String() }) },
      },
      handler: async (request) => {
        const { notification } = request.params;
        const said = await verified(rooms, request, 'webhook', (body) =>
          rooms.notify.webhookSays(notification, request.headers, body),
        );
        const { id, state } = await decide(rooms, said, { method: 'webhook', notification }, request);
        return { id, state };
      },
    });
  });
}

/** What was said, by whom it was said; else 401, recorded, and the same for whatever was wrong. */
async function verified(
  rooms: AdminRooms,
  request: FastifyRequest,
  surface: string,
  read: (body: Buffer) => Promise<Incoming>,
): Promise<Incoming> {
  try {
    return await read(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
  } catch (thrown) {
    if (!(thrown instanceof NotifyError)) throw thrown;
    await rooms.audit.record({
      kind: 'auth.failure',
      actor: { kind: 'anonymous', name: 'anonymous' },
      source: { ip: request.socket.remoteAddress ?? '' },
      control: ['PCI 10.2.1.4'],
      fields: { surface, reason: thrown.code },
    });
    // Only who has signed it learns more.
    if (thrown.code === 'malformed' || thrown.code === 'unmapped') {
      throw new AdminError('invalid_request', thrown.message, { cause: thrown });
    }
    throw new AdminError('unauthenticated', 'The request is not signed as it must be.', { cause: thrown });
  }
}

async function decide(
  rooms: AdminRooms,
  said: Incoming,
  proof: Proof,
  request: FastifyRequest,
): Promise<Approval> {
  const { account, approval, digest, effect, reason } = said;
  const spec = rooms.registry.snapshot().serviceAccounts.get(account)?.spec;
  if (spec === undefined || spec.disabled || !mayEnter(DECIDERS, spec.roles)) {
    throw new AdminError('forbidden', `The account "${account}" does not decide on approvals.`);
  }
  return rooms.approvals.decide(
    approval,
    { effect, digest, ...(reason === undefined ? {} : { reason }) },
    {
      kind: 'service-account',
      name: account,
      groups: spec.groups,
      proof,
      sourceIp: request.socket.remoteAddress ?? '',
    },
  );
}
