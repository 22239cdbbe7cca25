import type { Action, DecisionRequest } from '../policy/index.ts';
import type { Resource } from './resource.ts';
import type { Rooms } from './rooms.ts';
import type { AttachedFields } from './stages/attach.ts';

/** Facts that come with one call and not with its session. */
export type CallFacts = Pick<DecisionRequest['context'], 'approval' | 'grant'>;

/** What policy is told of the circumstances of a call, for decisions and for lists alike. */
export function contextOf(
  rooms: Pick<Rooms, 'labels'>,
  call: Pick<AttachedFields, 'authenticated' | 'session'>,
  facts: CallFacts = {},
): DecisionRequest['context'] {
  const { identity } = call.session;
  return {
    session: identity.id,
    client: identity.client,
    sourceIp: call.authenticated.received.incoming.ip,
    era: identity.era,
    labels: rooms.labels.of({ kind: identity.principalKind, name: identity.principal }),
    ...facts,
  };
}

/** The question of a call to policy, without its arguments. */
export function questionOf(
  rooms: Pick<Rooms, 'labels'>,
  call: Pick<AttachedFields, 'authenticated' | 'session'>,
  action: Action,
  resource: Resource,
  facts: CallFacts = {},
): Omit<DecisionRequest, 'arguments'> {
  return {
    principal: call.authenticated.principal,
    action,
    server: call.session.identity.server,
    resource,
    context: contextOf(rooms, call, facts),
  };
}
