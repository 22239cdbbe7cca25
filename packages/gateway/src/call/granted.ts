import type { Grants } from '../grant/index.ts';
import type { Action, Decision, DecisionRequest } from '../policy/index.ts';
import { type CallFacts, questionOf } from './context.ts';
import { argumentsOf, type Resource } from './resource.ts';
import type { Rooms } from './rooms.ts';
import type { AttachedFields } from './stages/attach.ts';

type Asking = Pick<AttachedFields, 'authenticated' | 'session'>;
type Deciding = Pick<Rooms, 'policy' | 'grants' | 'labels'>;

/** A decision, and the grant without which it would be another. */
export interface Granted {
  readonly decision: Decision;
  readonly grant?: string;
  /** What it was made on. */
  readonly asked: Omit<DecisionRequest, 'arguments'>;
}

const RANK = { allow: 2, hold: 1, deny: 0 } as const;

/**
 * Decides first as if there were no grants, then with the one that covers the call: a grant is only spent, and only
 * named in the record, where it made the difference.
 */
export function decideGranted(
  rooms: Deciding,
  call: Asking & Pick<AttachedFields, 'message'>,
  action: Action,
  resource: Resource,
  facts: CallFacts,
): Granted {
  const read = argumentsOf(call.message);
  const decide = (asked: Omit<DecisionRequest, 'arguments'>): Decision =>
    rooms.policy.decide(read === undefined ? asked : { ...asked, arguments: read });
  const asked = questionOf(rooms, call, action, resource, facts);
  const plain = decide(asked);
  if (plain.effect === 'allow') return { decision: plain, asked };
  const grant = rooms.grants.match({ ...question(call, resource), arguments: read });
  if (grant === undefined) return { decision: plain, asked };
  const askedAgain = questionOf(rooms, call, action, resource, { ...facts, grant });
  const granted = decide(askedAgain);
  return RANK[granted.effect] > RANK[plain.effect]
    ? { decision: granted, grant: grant.id, asked: askedAgain }
    : { decision: plain, asked };
}

/** For lists: whether something could be used with some arguments, as things stand or under a grant. */
export function couldUse(rooms: Deciding, call: Asking, action: Action, resource: Resource): boolean {
  const could = (facts: CallFacts): boolean =>
    rooms.policy.couldAllow(questionOf(rooms, call, action, resource, facts));
  if (could({})) return true;
  const grant = rooms.grants.couldMatch(question(call, resource));
  return grant !== undefined && could({ grant });
}

function question(call: Asking, resource: Resource): Omit<Parameters<Grants['match']>[0], 'arguments'> {
  const { kind, name } = call.authenticated.principal;
  const on =
    resource.type === 'Server' ? 'server' : resource.type === 'Tool' ? { tool: resource.name } : 'other';
  const { server, id } = call.session.identity;
  return { principal: { kind, name }, server, on, session: id };
}
