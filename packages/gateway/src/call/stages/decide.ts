import type { EntryDraft } from '../../audit/index.ts';
import type { Action, Decision } from '../../policy/index.ts';
import { type CallFacts, questionOf } from '../context.ts';
import { decisionEntry } from '../decision-entry.ts';
import { Ending, REFUSAL } from '../ending.ts';
import { decideGranted } from '../granted.ts';
import { argumentsOf, type Resource, resourceOf } from '../resource.ts';
import type { Rooms } from '../rooms.ts';
import type { AttachedFields } from './attach.ts';
import type { Inspected } from './inspect.ts';
import { named } from './receive.ts';

export interface DecidedFields {
  readonly attached: AttachedFields;
  readonly decision: Decision;
  readonly action: Action;
  readonly resource: Resource;
  /** The grant without which this would not be permitted. */
  readonly grant?: string;
  readonly facts: Omit<EntryDraft, 'kind'>;
}

class Decided {
  readonly #fields: DecidedFields;
  constructor(fields: DecidedFields) {
    this.#fields = fields;
  }

  get fields(): DecidedFields {
    return this.#fields;
  }
}

export type { Decided };

/**
 * Policy's decision on the body as it will be sent: what is checked here is the very buffer that is dispatched.
 * @throws Ending a JSON-RPC error that says why and what to do next
 */
export function decide(rooms: Pick<Rooms, 'policy' | 'grants' | 'labels'>, call: Inspected): Decided {
  const { message, controls, session } = call.fields;
  const server = session.identity.server;
  if (controls === undefined || controls.decide === 'follows') {
    // Answers and notifications belong to a session that policy let in; the session itself is decided again.
    return decideOn(rooms, call.fields, 'connect', { type: 'Server', name: server });
  }
  return decideOn(
    rooms,
    call.fields,
    controls.decide.action,
    resourceOf(message, controls.decide.on, server),
  );
}

function decideOn(
  rooms: Pick<Rooms, 'policy' | 'grants' | 'labels'>,
  call: AttachedFields,
  action: Action,
  resource: Resource,
  callFacts: CallFacts = {},
): Decided {
  const { decision, grant, asked } = decideGranted(rooms, call, action, resource, callFacts);
  const under = grant === undefined ? {} : { grant };
  const facts: Omit<EntryDraft, 'kind'> = {
    ...call.facts,
    ...under,
    ...(resource.type === 'Tool' ? { tool: resource.name } : {}),
    ...(resource.type === 'Server' || resource.type === 'Tool'
      ? {}
      : { fields: { resource: named(resource.name) } }),
    decision: decisionEntry(decision, asked),
  };
  if (decision.effect === 'deny') throw Object.assign(denied(decision, action, resource), { facts });
  return new Decided({ attached: call, decision, action, resource, ...under, facts });
}

/**
 * The decision on a held call again, on its principal as it is now and with what has been consented to as a fact.
 * @throws Ending where it is denied by now
 */
export function decideAgain(
  rooms: Pick<Rooms, 'policy' | 'grants' | 'labels'>,
  before: DecidedFields,
  attached: AttachedFields,
  facts: CallFacts,
): Decided {
  return decideOn(rooms, attached, before.action, before.resource, facts);
}

/** The decision on something in a session, for calls and for what a server asks of the client. */
export function evaluate(
  rooms: Pick<Rooms, 'policy' | 'labels'>,
  call: Pick<AttachedFields, 'authenticated' | 'session' | 'message'>,
  action: Action,
  resource: Resource,
): Decision {
  const read = argumentsOf(call.message);
  const asked = questionOf(rooms, call, action, resource);
  return rooms.policy.decide(read === undefined ? asked : { ...asked, arguments: read });
}

const WHY: Readonly<Record<string, string>> = {
  no_permit: 'no policy permits it',
  forbidden: 'a policy forbids it',
  policy_error: 'a policy could not be evaluated on it, and what cannot be decided is denied',
  policy_unavailable: 'no policies are in force',
};

function denied(decision: Decision, action: Action, resource: Resource): Ending {
  const [reason = 'no_permit'] = decision.reasons;
  const what =
    resource.type === 'Server' ? `"${action}" on this server` : `"${action}" on "${named(resource.name)}"`;
  const by = decision.policies.length === 0 ? '' : ` (${decision.policies.join(', ')})`;
  return new Ending(
    'denied',
    `Denied: ${what}: ${WHY[reason] ?? reason}${by}. Nothing was sent. Ask the security team for access and name this reason: ${reason}.`,
    {
      status: 200,
      rpcCode: REFUSAL.denied,
      data: {
        reason,
        policies: decision.policies,
        policyVersion: decision.policyVersion,
        outcome: 'not_sent',
      },
    },
  );
}
