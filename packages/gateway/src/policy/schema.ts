import { RISK_TYPES } from './risk/cedar-types.ts';

/** Types of `context.arguments`, in Cedar's words; `{}` where it isn't given. */
export interface ArgumentTypes {
  /** Of calls of tools. */
  readonly call?: string;
  /** Of requests for access. */
  readonly request?: string;
}

/**
 * The Cedar model of DESIGN.md §10: what there is, who may do what to it, and which facts come with a call.
 *
 * `context.arguments` is an empty record where its types aren't given: `validate.ts` says how accesses to it are
 * validated nevertheless, `fit/` what is known of it from pinned tool definitions. `__argument` is not a fact; it stands
 * for "some argument is present" while a text is validated, and no request carries it.
 *
 * `risk` is what our own readers say of the arguments (risk/): one member per reader, present where an argument that
 * is declared for it was given. `labels` is what the session has read; `approval` and `grant` are there when they are.
 *
 * `sourceIp` is an address (`context.sourceIp.isInRange(ip("10.0.0.0/8"))`). Every entity has its `name` as a text,
 * so that `resource.name like "file:///srv/*"` works.
 */
export function cedarSchema(types: ArgumentTypes = {}, moreTypes = ''): string {
  const { call = '{}', request = '{}' } = types;
  return `
namespace Sallyport {
  entity Group;
  entity User in [Group] { name: String };
  entity ServiceAccount in [Group] { name: String };
  entity Server { name: String };
  entity Tool in [Server, Tool] { name: String };
  entity Resource in [Server] { name: String };
  entity Prompt in [Server] { name: String };

  type Approval = { flows: Set<String> };
  type Grant = { id: String, reason: String, ticket?: String };
${RISK_TYPES}${moreTypes}
  type Facts = ${factsWith('{}')};
  type CallFacts = ${factsWith(call)};
  type RequestFacts = ${factsWith(request)};

  action use;
  action connect in [use] appliesTo { principal: [User, ServiceAccount], resource: [Server], context: Facts };
  action call in [use] appliesTo { principal: [User, ServiceAccount], resource: [Tool], context: CallFacts };
  action read in [use] appliesTo { principal: [User, ServiceAccount], resource: [Resource], context: Facts };
  action get in [use] appliesTo { principal: [User, ServiceAccount], resource: [Prompt], context: Facts };
  action complete in [use] appliesTo { principal: [User, ServiceAccount], resource: [Prompt, Resource], context: Facts };
  action subscribe in [use] appliesTo { principal: [User, ServiceAccount], resource: [Resource, Server], context: Facts };
  action request appliesTo {
    principal: [User, ServiceAccount], resource: [Server], context: RequestFacts
  };
  action sample, elicit, roots in [use] appliesTo {
    principal: [User, ServiceAccount], resource: [Server, Tool], context: Facts
  };
}
`;
}

function factsWith(argumentsType: string): string {
  return `{
    era: String,
    session?: String,
    client?: String,
    sourceIp?: ipaddr,
    approval?: Approval,
    grant?: Grant,
    labels: Set<String>,
    risk: Risk,
    arguments: ${argumentsType},
    __argument?: Bool,
  }`;
}

/** Facts of a call that a policy may read as `context.<name>`, beside its arguments and their risk. */
export const FACTS = ['era', 'session', 'client', 'sourceIp', 'approval', 'grant', 'labels'] as const;
export type Fact = (typeof FACTS)[number];

/** An entity's type with its namespace: `Sallyport::Tool`. */
export function entityType(name: string): string {
  return `Sallyport::${name}`;
}

/** The Cedar type of a principal's kind. */
export function principalType(kind: 'service-account' | 'user'): string {
  return entityType(kind === 'user' ? 'User' : 'ServiceAccount');
}

export const ACTION_TYPE = entityType('Action');
export const GROUP_TYPE = entityType('Group');
export const SERVER_TYPE = entityType('Server');
export const TOOL_TYPE = entityType('Tool');
/** The action group that all actions but `request` are in. */
export const ACTION_GROUP = 'use';
