import { isIP } from 'node:net';
import type { EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import {
  ACTION_GROUP,
  ACTION_TYPE,
  entityType,
  type Fact,
  GROUP_TYPE,
  principalType,
  SERVER_TYPE,
  TOOL_TYPE,
} from './schema.ts';
import type { Question } from './scope.ts';
import { ACTIONS, type Action, type DecisionRequest } from './types.ts';

/** What policies read of the arguments: themselves and our readers' facts of them, as Cedar values in JSON form. */
export interface CallRead {
  readonly arguments: Record<string, unknown>;
  readonly risk: Record<string, unknown>;
}

/** A request without its arguments. */
export type Asked = Omit<DecisionRequest, 'arguments'>;

/**
 * A text that is the same for two requests only if principal, groups as a set, action, server and resource are.
 * Each part is preceded by its length, so that no choice of names makes one text of two questions.
 */
export function questionKey({ principal, action, server, resource }: Question): string {
  const groups = principal.groups.length < 2 ? principal.groups : [...new Set(principal.groups)].sort();
  let key = `${action} ${principal.kind} ${resource.type} ${part(server)}${part(principal.name)}${part(resource.name)}`;
  for (const group of groups) key += part(group);
  return key;
}

/** The same for the facts that policies read. */
export function factsKey({ context }: Asked, facts: ReadonlySet<Fact>): string {
  let key = '';
  for (const fact of facts) {
    const value = factText(context, fact);
    key += value === undefined ? `-${fact}` : `+${fact}${part(value)}`;
  }
  return key;
}

/** A fact as a text that is the same only for the same fact. */
function factText(context: Asked['context'], fact: Fact): string | undefined {
  switch (fact) {
    case 'labels':
      return setText(context.labels ?? []);
    case 'approval':
      return context.approval === undefined ? undefined : setText(context.approval.flows);
    case 'grant': {
      if (context.grant === undefined) return undefined;
      const { id, reason, ticket } = context.grant;
      return `${part(id)}${part(reason)}${ticket === undefined ? '' : part(ticket)}`;
    }
    default:
      return context[fact];
  }
}

function setText(names: readonly string[]): string {
  return [...new Set(names)].sort().map(part).join('');
}

function part(text: string): string {
  return `${text.length}:${text}`;
}

/** What Cedar is told of who asks for what: the entities of DESIGN.md §10 and how they are in one another. */
export function cedarQuestion({ principal, action, server, resource }: Question) {
  const who = { type: principalType(principal.kind), id: principal.name };
  const what = { type: entityType(resource.type), id: resource.name };
  const entities: EntityJson[] = [
    {
      uid: who,
      attrs: { name: principal.name },
      parents: principal.groups.map((id) => ({ type: GROUP_TYPE, id })),
    },
    {
      uid: what,
      attrs: { name: resource.name },
      parents: parentsOf(resource, server),
    },
    ACTION_ENTITIES[action],
  ];
  return { principal: who, action: ACTION_ENTITIES[action].uid, resource: what, entities };
}

/** A tool is in its server, and in the tool of its full name, `server/tool`: see qualified.ts. */
function parentsOf(resource: Question['resource'], server: string): { type: string; id: string }[] {
  if (resource.type === 'Server') return [];
  const parents = [{ type: SERVER_TYPE, id: server }];
  if (resource.type === 'Tool') parents.push({ type: TOOL_TYPE, id: `${server}/${resource.name}` });
  return parents;
}

const ACTION_ENTITIES = Object.fromEntries(
  ACTIONS.map((action) => [
    action,
    {
      uid: { type: ACTION_TYPE, id: action },
      attrs: {},
      parents: action === 'request' ? [] : [{ type: ACTION_TYPE, id: ACTION_GROUP }],
    },
  ]),
  // `fromEntries` forgets which keys there are.
) as Record<Action, EntityJson & { uid: { type: string; id: string } }>;

/**
 * The facts of a call as `context`, those that policies read and no others. A source that isn't an address is absent: a
 * policy that reads it without asking for its presence then fails, which forbids.
 */
export function cedarFacts(
  { context }: Asked,
  read: CallRead,
  wanted: ReadonlySet<Fact>,
): Record<string, unknown> {
  const facts: Record<string, unknown> = { arguments: read.arguments, risk: read.risk };
  for (const fact of wanted) {
    const value = factValue(context, fact);
    if (value !== undefined) facts[fact] = value;
  }
  return facts;
}

function factValue(context: Asked['context'], fact: Fact): unknown {
  switch (fact) {
    case 'labels':
      return context.labels ?? [];
    case 'approval':
      return context.approval === undefined ? undefined : { flows: context.approval.flows };
    case 'grant': {
      if (context.grant === undefined) return undefined;
      const { id, reason, ticket } = context.grant;
      return ticket === undefined ? { id, reason } : { id, reason, ticket };
    }
    case 'sourceIp': {
      const address = addressOf(context.sourceIp);
      return address === undefined ? undefined : { __extn: { fn: 'ip', arg: address } };
    }
    default:
      return context[fact];
  }
}

/** An address as Cedar reads it: IPv4 also where a socket shows it as `::ffff:10.0.0.1`, without an interface. */
function addressOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const bare = text.replace(/%.*$/s, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  const address = mapped ?? bare;
  return isIP(address) === 0 ? undefined : address;
}
