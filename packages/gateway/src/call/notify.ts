import { findPath, idKeyOf, type Message } from '@sallyport/shared/jsonrpc';
import { aboutOf } from './about.ts';
import { requestEvidence } from './evidence.ts';
import { findingFields } from './findings.ts';
import { giveUpHeld } from './held.ts';
import { record } from './record.ts';
import type { Answer, Rooms } from './rooms.ts';
import { settle, type Trail } from './settle.ts';
import { agentScope, relayHeaders } from './stages/dispatch.ts';
import { attach, authenticate, type Decided, decide, inspect, type Received, refuseHeld } from './stages.ts';

/**
 * The way of a message that has no answer: a client's notification, or its answer to a request of the server.
 * Recorded before it is sent, like a call; answered with 202 (MCP, Streamable HTTP).
 */
export async function runNotice(rooms: Rooms, received: Received, answer: Answer): Promise<void> {
  const trail: Trail = { received };
  try {
    const authenticated = authenticate(rooms, received);
    trail.authenticated = authenticated;
    const attached = await attach(rooms, authenticated);
    trail.attached = attached;
    const decided = decide(rooms, await inspect(rooms, attached));
    trail.decided = decided;
    refuseHeld(decided);
    await forward(rooms, decided);
    answer.final({ status: 202 });
  } catch (thrown) {
    await settle(rooms, trail, thrown, answer);
  }
}

async function forward(rooms: Rooms, call: Decided): Promise<void> {
  const { attached, facts } = call.fields;
  const { message, session, authenticated } = attached;
  const isAnswer = message.kind === 'response' && message.idKey !== undefined;
  const asker = isAnswer ? session.asker(message.idKey ?? '') : undefined;
  const { decision: _decision, ...rest } = facts;
  const { request, evidence } = requestEvidence(rooms, message, aboutOf(attached));
  await record(
    rooms,
    {
      ...rest,
      kind: 'call.interim',
      request,
      fields: { direction: 'to_server', ...findingFields(attached.masked) },
    },
    false,
    evidence,
  );
  // What is still held was never sent: the server has nothing to cancel.
  if (message.method === 'notifications/cancelled' && giveUpHeld(session, cancelledId(message))) return;
  const out = {
    raw: message.raw,
    idKey: undefined,
    progressKey: undefined,
    callId: '',
    expectsAnswer: false,
    headers: relayHeaders(session, authenticated.received.incoming),
    scope: agentScope(aboutOf(attached), rooms.agentRulesVersion(session.identity.agent)),
    deadlineMs: Infinity,
  };
  if (asker === undefined) {
    await session.send(out);
  } else {
    asker.answered(message.idKey ?? '');
    await asker.send(out);
  }
  if (message.method === 'notifications/cancelled') giveUp(call, message);
}

/** The client no longer wants the answer: the call ends as cancelled, whatever the server still does. */
function giveUp(call: Decided, message: Message): void {
  const idKey = cancelledId(message);
  const found = idKey === undefined ? undefined : call.fields.attached.session.find(idKey);
  if (found !== undefined) found.link.cancel(found.exchange);
}

function cancelledId(message: Message): string | undefined {
  const span = findPath(message.params, 'requestId');
  return span === undefined ? undefined : idKeyOf(message.raw, span);
}
