import type { EntityUidJson, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import {
  ACTION_GROUP,
  ACTION_TYPE,
  entityType,
  GROUP_TYPE,
  principalType,
  SERVER_TYPE,
  TOOL_TYPE,
} from './schema.ts';
import type { DecisionRequest } from './types.ts';

/** Who wants to do what to which thing, without the facts of the call. */
export type Question = Pick<DecisionRequest, 'principal' | 'action' | 'server' | 'resource'>;

interface Entity {
  readonly type: string;
  readonly id: string;
}

type Constraint = PolicyJson['principal'] | PolicyJson['resource'];

/**
 * Whether a policy's scope, the part in parentheses, matches a question: what Cedar would find for the entities that
 * `entities.ts` makes. A policy whose scope doesn't match has no effect and no error, so it can be left out of the
 * set that is evaluated; the engine reads the scopes of the others again.
 *
 * A constraint of a form that is not known here matches: the engine decides.
 */
export function scopeMatches(policy: PolicyJson, question: Question): boolean {
  return (
    actionMatches(policy, question) && principalMatches(policy, question) && resourceMatches(policy, question)
  );
}

/** Whether a policy's scope matches the call of a tool by some principal. */
export function scopeMatchesCall(policy: PolicyJson, server: string, tool: string): boolean {
  const call = { action: 'call', server, resource: { type: 'Tool', name: tool } } as const;
  return actionMatches(policy, call) && resourceMatches(policy, call);
}

/** Whether calls of some tool of a server, or requests for access to it, are in a policy's scope. */
export function scopeReaches(policy: PolicyJson, server: string): boolean {
  const entity = entityIn(policy.resource);
  if (entity?.type === TOOL_TYPE) {
    const [owner, name] = entity.id.split('/', 2);
    // A name without its server's is that of a tool of any.
    return (name === undefined || owner === server) && actionMatches(policy, { action: 'call' });
  }
  if (scopeMatchesCall(policy, server, '')) return true;
  return scopeMatchesRequest(policy) && (entity === undefined || entity.id === server);
}

/** The entity that a scope names its resource by, or by being in; undefined where it is open. */
export function entityIn(resource: PolicyJson['resource']): Entity | undefined {
  if (resource.op !== 'is') return 'entity' in resource ? entityOf(resource.entity) : undefined;
  return resource.in !== undefined && 'entity' in resource.in ? entityOf(resource.in.entity) : undefined;
}

/** Whether some request for access is in a policy's scope. */
export function scopeMatchesRequest(policy: PolicyJson): boolean {
  if (!actionMatches(policy, { action: 'request' })) return false;
  const { resource } = policy;
  if (resource.op === 'is') return resource.entity_type === SERVER_TYPE;
  return !('entity' in resource) || entityOf(resource.entity).type === SERVER_TYPE;
}

function actionMatches({ action }: PolicyJson, question: Pick<Question, 'action'>): boolean {
  if (!('entity' in action || 'entities' in action)) return true;
  const named = 'entities' in action ? action.entities : [action.entity];
  return named.map(entityOf).some(({ type, id }) => {
    if (type !== ACTION_TYPE) return false;
    return (
      id === question.action || (action.op === 'in' && id === ACTION_GROUP && question.action !== 'request')
    );
  });
}

function principalMatches(policy: PolicyJson, { principal }: Question): boolean {
  const self = { type: principalType(principal.kind), id: principal.name };
  return matches(policy.principal, self, (entity) => {
    return entity.type === GROUP_TYPE && principal.groups.includes(entity.id);
  });
}

function resourceMatches(
  policy: PolicyJson,
  { resource, server }: Pick<Question, 'resource' | 'server'>,
): boolean {
  const self = { type: entityType(resource.type), id: resource.name };
  return matches(policy.resource, self, (entity) => {
    if (resource.type === 'Tool' && entity.type === TOOL_TYPE)
      return entity.id === `${server}/${resource.name}`;
    return resource.type !== 'Server' && entity.type === SERVER_TYPE && entity.id === server;
  });
}

function matches(constraint: Constraint, self: Entity, isParent: (entity: Entity) => boolean): boolean {
  const within = (uid: EntityUidJson) => {
    const entity = entityOf(uid);
    return (entity.type === self.type && entity.id === self.id) || isParent(entity);
  };
  switch (constraint.op) {
    case '==': {
      if (!('entity' in constraint)) return true;
      const entity = entityOf(constraint.entity);
      return entity.type === self.type && entity.id === self.id;
    }
    case 'in':
      return 'entity' in constraint ? within(constraint.entity) : true;
    case 'is':
      if (constraint.entity_type !== self.type) return false;
      return constraint.in !== undefined && 'entity' in constraint.in ? within(constraint.in.entity) : true;
    default:
      return true;
  }
}

/** An entity's type and id, however the engine writes it. */
export function entityOf(uid: EntityUidJson): Entity {
  return '__entity' in uid ? uid.__entity : uid;
}
