import { type Message, readMessage, text } from '@sallyport/shared/jsonrpc';
import { type Ask, callDigest, callKey, canonicalText, type Subject } from '../approval/index.ts';
import { withoutCardCodes } from '../audit/index.ts';
import { argumentsOf } from './resource.ts';
import type { Rooms } from './rooms.ts';
import type { DecidedFields } from './stages/decide.ts';

/** What consent is asked to: exactly the call as it would be sent. Undefined where people can't be shown it. */
export function askOf(rooms: Pick<Rooms, 'policy'>, call: DecidedFields): Ask | undefined {
  const { attached, resource, decision, facts } = call;
  const { message, authenticated, session, controls } = attached;
  const { principal, tokenId, received } = authenticated;
  const subject = subjectOf(rooms, call);
  if (subject === undefined) return undefined;
  const person = { kind: principal.kind, name: principal.name };
  const parts = {
    principal: person,
    server: session.identity.server,
    method: controls?.method ?? '',
    on: resource.name,
    toolDefinition: facts.toolDefinition ?? null,
    parameters: parametersOf(message),
    policyVersion: decision.policyVersion,
    flows: decision.flows ?? [],
  };
  return {
    kind: 'call',
    digest: callDigest(parts),
    callKey: callKey(parts),
    requester: { ...person, token: tokenId, sourceIp: received.incoming.ip },
    session: session.identity.id,
    server: parts.server,
    method: parts.method,
    ...(resource.type === 'Tool' ? { tool: resource.name } : {}),
    flows: parts.flows,
    policies: decision.policies,
    policyVersion: parts.policyVersion,
    subject,
  };
}

function subjectOf(rooms: Pick<Rooms, 'policy'>, call: DecidedFields): Subject | undefined {
  const { attached, resource, decision } = call;
  const { message, session } = attached;
  // Card security codes and PINs are stored nowhere, sealed or not (PCI DSS 3.3.1); the digest is over the call as it is.
  const shown = withoutCardCodes(message.raw);
  if (shown === undefined) return undefined;
  const read = argumentsOf(message);
  const risk =
    resource.type !== 'Tool'
      ? undefined
      : rooms.policy.riskOf({ server: session.identity.server, tool: resource.name, arguments: read?.() });
  return {
    arguments: parametersOf(shown === message.raw ? message : readMessage(shown)),
    reasons: decision.reasons,
    ...(risk === undefined || Object.keys(risk).length === 0 ? {} : { risk }),
    ...(shown === message.raw ? {} : { codesLeftOut: true }),
  };
}

/** Canonical text of all parameters but `_meta`, which changes with every sending. */
function parametersOf({ raw, params }: Message): string {
  const members = (params?.members ?? [])
    .filter(({ key }) => key !== '_meta')
    .map((member) => `${JSON.stringify(member.key)}:${text(raw, member)}`);
  return canonicalText(`{${members.join(',')}}`);
}
