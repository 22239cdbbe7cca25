import { find, findPath, idKeyOf, type Message, MessageError, readMessage } from '@sallyport/shared/jsonrpc';
import type { MaskAbout } from '../../masking/index.ts';
import type { AgentScope, Arrived, Exchange, ExchangeEnd, Session } from '../../session/index.ts';
import { aboutOf } from '../about.ts';
import { Ending, REFUSAL } from '../ending.ts';
import type { Interims } from '../interims.ts';
import type { Answer, Rooms } from '../rooms.ts';
import { Subscription } from '../subscription.ts';
import type { Incoming } from './receive.ts';
import type { Intended, IntendedFields } from './record-intent.ts';

interface AnsweredFields {
  readonly intended: IntendedFields;
  readonly answer: Arrived;
  /** HTTP status the server gave its answer with. */
  readonly httpStatus: number;
  /** What came before the answer; some of it may still be held. */
  readonly interims: Interims;
}

class Answered {
  readonly #fields: AnsweredFields;
  constructor(fields: AnsweredFields) {
    this.#fields = fields;
  }

  get fields(): AnsweredFields {
    return this.#fields;
  }
}

export type { Answered };

/**
 * Sends the call to its server, once, and waits for the answer. What comes before the answer goes to `interims`,
 * which releases it in order, and no more is read than a client takes: a slow client slows its own server, nobody
 * else.
 *
 * @throws Ending `not_sent` where not one byte reached the server; `unknown` where it did and no answer was seen
 */
export async function dispatch(
  rooms: Rooms,
  call: Intended,
  answer: Answer,
  interims: Interims,
): Promise<Answered> {
  const { decided, callId } = call.fields;
  const { session, message, server, authenticated } = decided.attached;
  const endless = message.method === 'subscriptions/listen';
  const { exchange, link } = await session.send({
    raw: message.raw,
    idKey: message.idKey,
    progressKey: progressKeyOf(message),
    callId,
    expectsAnswer: true,
    headers: relayHeaders(session, authenticated.received.incoming),
    scope: agentScope(aboutOf(decided.attached), interims.rulesVersion),
    deadlineMs: endless ? Infinity : rooms.clock.monotonicMs() + server.callTimeoutSeconds * 1000,
  });
  // 2026-07-28: closing the response stream cancels. Before: a disconnect is not a cancellation.
  if (session.identity.era === 'modern') {
    answer.onGone(() => {
      if (link.transport === 'stdio' && !exchange.over)
        tellCancelled(rooms, session, message, 'the client has gone');
      link.cancel(exchange);
    });
  }
  const subscription = endless ? new Subscription(message, (news) => exchange.interim(news)) : undefined;
  const unsubscribe = subscription && session.onNews((news) => subscription.tell(news));
  try {
    return await awaitAnswer(rooms, call, { exchange, interims, subscription });
  } finally {
    unsubscribe?.();
  }
}

async function awaitAnswer(
  rooms: Rooms,
  call: Intended,
  coming: { exchange: Exchange; interims: Interims; subscription: Subscription | undefined },
): Promise<Answered> {
  const { exchange, interims, subscription } = coming;
  const { session, message } = call.fields.decided.attached;
  for (;;) {
    const arrival = await exchange.next();
    if (arrival.kind === 'interim') {
      await interims.add(subscription?.heard(arrival.message) ?? arrival.message);
      continue;
    }
    const came = { intended: call.fields, interims };
    if (arrival.kind === 'answer') {
      return new Answered({ ...came, answer: arrival.message, httpStatus: arrival.httpStatus });
    } else {
      const refused = errorAnswerOf(arrival.end, message);
      if (refused !== undefined) {
        return new Answered({ ...came, answer: refused, httpStatus: arrival.end.httpStatus });
      }
      await interims.end();
      if (arrival.end.error === 'timeout')
        tellCancelled(rooms, session, message, 'no answer within the time limit');
      throw lost(arrival.end, session.identity.server);
    }
  }
}

/** What the agent needs to know of a message to mask what comes back for it. */
export function agentScope({ server, tool, principal }: MaskAbout, rulesVersion: number): AgentScope {
  return { server, tool: tool ?? '', groups: principal.groups, rulesVersion };
}

/** Headers of the MCP transport that belong to this message. The client's token is never among them. */
export function relayHeaders(session: Session, incoming: Incoming): Record<string, string> {
  const headers: Record<string, string> = { ...incoming.paramHeaders };
  if (session.protocolVersion !== undefined) headers['MCP-Protocol-Version'] = session.protocolVersion;
  if (session.identity.era === 'modern') {
    if (incoming.methodHeader !== undefined) headers['Mcp-Method'] = incoming.methodHeader;
    if (incoming.nameHeader !== undefined) headers['Mcp-Name'] = incoming.nameHeader;
  }
  return headers;
}

function progressKeyOf(message: Message): string | undefined {
  const token = findPath(message.params, '_meta', 'progressToken');
  return token === undefined ? undefined : idKeyOf(message.raw, token);
}

/** The server's HTTP error with a JSON-RPC body is an answer, if it answers this request. */
function errorAnswerOf(end: ExchangeEnd, request: Message): Arrived | undefined {
  if (end.errorBody === undefined) return undefined;
  try {
    const message = readMessage(end.errorBody);
    const matches =
      message.kind === 'response' && (message.idKey === request.idKey || message.idLexeme === 'null');
    return matches && find(message.error?.members, 'code') !== undefined
      ? { ...message, ...(end.atAgent === undefined ? {} : { atAgent: end.atAgent }) }
      : undefined;
  } catch (thrown) {
    if (thrown instanceof MessageError) return undefined;
    throw thrown;
  }
}

/** Tells the server to stop. The call's own record says why; whether the server heeds it is not known. */
function tellCancelled(rooms: Rooms, session: Session, request: Message, reason: string): void {
  if (request.idLexeme === undefined) return;
  // The id goes back exactly as it came, so it is put into the text, not through a number.
  const exact = Buffer.from(
    `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${request.idLexeme},"reason":${JSON.stringify(reason)}}}`,
  );
  session
    .send({
      raw: exact,
      idKey: undefined,
      progressKey: undefined,
      callId: '',
      expectsAnswer: false,
      headers: {},
      deadlineMs: Infinity,
    })
    .catch((thrown: unknown) =>
      rooms.logger.debug('cancellation not delivered', { session: session.identity.id, why: String(thrown) }),
    );
}

/** What the agent refuses by the masking rules, in words for the caller. */
const AGENT_REFUSALS: Readonly<Record<string, string>> = {
  token_unknown:
    'The call holds a token whose value is not known any more: its map was lost or its key changed. Read the record again and use the new token.',
  token_not_allowed:
    'The call holds a token, and the rules do not let it be turned back into its value here. Ask the security team.',
  masking_rules: 'The agent does not have the masking rules in force yet. Try again in a moment.',
};

function lost(end: ExchangeEnd, server: string): Ending {
  const detail = `${end.error}: ${end.detail}`;
  if (end.error === 'cancelled') {
    return new Ending(
      'cancelled',
      'The call was cancelled.',
      { status: 200, rpcCode: REFUSAL.cancelled, data: { outcome: 'cancelled' } },
      { detail },
    );
  }
  const refusal = end.delivery === 'not_sent' ? AGENT_REFUSALS[end.error] : undefined;
  if (refusal !== undefined) {
    return new Ending(
      'not_sent',
      `${refusal} Nothing was sent to "${server}".`,
      { status: 200, rpcCode: REFUSAL.notSent, data: { reason: end.error, outcome: 'not_sent' } },
      { detail },
    );
  }
  if (end.delivery === 'not_sent') {
    return new Ending(
      'not_sent',
      `The server "${server}" could not be reached (${end.error}). Nothing was sent. Try again, or ask who runs the agent.`,
      { status: 200, rpcCode: REFUSAL.notSent, data: { reason: end.error, outcome: 'not_sent' } },
      { detail },
    );
  }
  return new Ending(
    'unknown',
    `The call was sent to "${server}" and no answer was seen (${end.error}). It may have run. Check before you send it again.`,
    { status: 200, rpcCode: REFUSAL.unknown, data: { reason: end.error, outcome: 'unknown' } },
    { detail },
  );
}
