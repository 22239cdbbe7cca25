import { errorAnswer, resultAnswer } from '@sallyport/shared/jsonrpc';
import type { EntryDraft } from '../audit/index.ts';
import { SessionError } from '../session/index.ts';
import { Ending, type EndingCode, REFUSAL } from './ending.ts';
import type { Interims } from './interims.ts';
import { record } from './record.ts';
import type { Answer, Rooms } from './rooms.ts';
import type { Admitted, Attached, Authenticated, Decided, Intended, Received, Settled } from './stages.ts';

/** How far a call came. Each stage's result is noted as it is reached. */
export interface Trail {
  readonly received: Received;
  authenticated?: Authenticated;
  attached?: Attached;
  decided?: Decided;
  admitted?: Admitted;
  intended?: Intended;
  settled?: Settled;
  interims?: Interims;
  /** The session was begun while the call was held: it has a life of its own. */
  begun?: boolean;
  /** How it ended, for the counters. */
  ending?: EndingCode;
}

/**
 * The one exit of every call that does not end in an answer: records how it ended, then tells the caller.
 * Where it can't be recorded the caller is told that instead, and nothing else.
 */
export async function settle(rooms: Rooms, trail: Trail, thrown: unknown, answer: Answer): Promise<void> {
  let ending = endingOf(rooms, trail, thrown);
  try {
    await record(rooms, entryOf(rooms, trail, ending), trail.intended !== undefined);
  } catch (unrecorded) {
    if (unrecorded instanceof Ending) ending = unrecorded;
  }
  trail.ending = ending.code;
  endUnbegun(trail);
  answer.final({
    status: ending.reply.status,
    body: bodyOf(trail, ending),
    ...(ending.reply.headers === undefined ? {} : { headers: ending.reply.headers }),
  });
}

function bodyOf(trail: Trail, { reply, message }: Ending): Buffer {
  const id = requestId(trail);
  const data = {
    ...reply.data,
    ...(trail.intended === undefined ? {} : { call: trail.intended.fields.callId }),
  };
  if (reply.result !== undefined && id !== undefined) return resultAnswer(id, reply.result);
  if (reply.asToolError !== true || id === undefined) return errorAnswer(id, reply.rpcCode, message, data);
  return resultAnswer(id, {
    content: [{ type: 'text', text: message }],
    isError: true,
    ...(trail.received.fields.era === 'modern' ? { resultType: 'complete' } : {}),
    _meta: { 'sallyport/refused': data },
  });
}

/** The id to answer under. A stranger's message was not looked at, as far as the stranger can tell. */
function requestId(trail: Trail): string | undefined {
  const { message } = trail.received.fields;
  if (trail.authenticated === undefined) return undefined;
  return message.idLexeme;
}

function endingOf(rooms: Rooms, trail: Trail, thrown: unknown): Ending {
  if (thrown instanceof Ending) return thrown;
  if (thrown instanceof SessionError) return fromSession(thrown, trail.received.fields.era);
  rooms.logger.error('a call ended in an unexpected error', {
    call: trail.intended?.fields.callId,
    error: thrown instanceof Error ? thrown.stack : String(thrown),
  });
  const sent = trail.intended !== undefined;
  return new Ending(
    sent ? 'unknown' : 'internal',
    sent
      ? 'The gateway failed after the call may have been sent. It may have run. Check before you send it again.'
      : 'The gateway failed before anything was sent. Try again; if it goes on, tell who runs it.',
    { status: 500, rpcCode: -32603, data: { reason: 'internal', outcome: sent ? 'unknown' : 'not_sent' } },
    { cause: thrown, detail: thrown instanceof Error ? thrown.name : 'unknown' },
  );
}

function fromSession(error: SessionError, era: 'legacy' | 'modern'): Ending {
  const options = { cause: error, ...(error.detail === undefined ? {} : { detail: error.detail }) };
  const data = { reason: error.code, outcome: 'not_sent' };
  if (error.code === 'unknown_session' || error.code === 'ended') {
    return new Ending(
      'unknown_session',
      error.message,
      { status: 404, rpcCode: REFUSAL.sessionUnknown, data },
      options,
    );
  }
  if (error.code === 'agent_away' || error.code === 'server_unavailable') {
    return new Ending('not_sent', error.message, { status: 503, rpcCode: REFUSAL.notSent, data }, options);
  }
  const status = error.code === 'too_many_sessions' || error.code === 'too_many_exchanges' ? 429 : 400;
  const rpcCode = era === 'modern' || status === 400 ? -32600 : REFUSAL.limit;
  return new Ending('limit', error.message, { status, rpcCode, data }, options);
}

const TRANSPORT: Partial<Record<EndingCode, NonNullable<EntryDraft['outcome']>['transport']>> = {
  not_sent: 'not_sent',
  cancelled: 'cancelled',
  withheld: 'withheld',
  limit: 'not_sent',
  unknown_session: 'not_sent',
};

function entryOf(rooms: Rooms, trail: Trail, ending: Ending): EntryDraft {
  const fields = {
    reason: ending.code,
    ...(ending.detail === undefined ? {} : { detail: ending.detail.slice(0, 500).toWellFormed() }),
  };
  if (trail.intended !== undefined) {
    const { startedMs } = trail.received.fields;
    return {
      ...trail.intended.fields.facts,
      kind: 'call.outcome',
      outcome: {
        transport: TRANSPORT[ending.code] ?? (ending.code === 'log_unavailable' ? 'withheld' : 'unknown'),
      },
      duration: Math.round(rooms.clock.monotonicMs() - startedMs),
      fields,
    };
  }
  const facts =
    // The stages that decide attach what it knew of a denied call to the ending.
    'facts' in ending
      ? (ending.facts as Omit<EntryDraft, 'kind'>)
      : (trail.decided ?? trail.attached ?? trail.authenticated ?? trail.received).fields.facts;
  const asked = trail.received.fields.incoming.serverName.slice(0, 100).toWellFormed();
  const about = { ...facts, ...(facts.server === undefined ? { server: asked } : {}) };
  if (ending.code === 'unauthenticated') {
    return {
      ...about,
      actor: { kind: 'anonymous', name: 'unknown' },
      kind: 'auth.failure',
      fields,
      control: ['PCI 10.2.1.4'],
    };
  }
  if (ending.code === 'denied') {
    return {
      ...about,
      kind: 'decision.deny',
      fields: { ...facts.fields, ...fields },
      control: ['PCI 10.2.1.4'],
    };
  }
  return { ...about, kind: 'call.refused', fields };
}

/** A session that its first call did not get to begin is none. */
function endUnbegun(trail: Trail): void {
  const attached = trail.attached?.fields;
  if (attached?.begins && trail.settled === undefined && trail.begun !== true)
    attached.session.end('not begun');
}
