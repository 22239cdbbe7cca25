import { errorAnswer, type Message, RPC } from '@sallyport/shared/jsonrpc';
import type { EntryDraft } from '../audit/index.ts';
import { controlsOf } from './methods.ts';
import { digestOf, record } from './record.ts';
import type { Rooms } from './rooms.ts';
import type { AttachedFields } from './stages/attach.ts';
import { evaluate } from './stages/decide.ts';
import { masked } from './stages/mask.ts';
import { named } from './stages/receive.ts';
import type { Intended } from './stages.ts';

/** Makes a message that comes before the answer ready for release: decided, masked, recorded. */
export function readyInterim(rooms: Rooms, call: Intended, message: Message): Promise<Buffer | undefined> {
  const { decided, facts } = call.fields;
  return admitInterim(rooms, decided.attached, facts, message);
}

/**
 * What of a server's own message may be released; undefined where it may not. A request that is refused is
 * answered to the server, so that it does not wait.
 */
export async function admitInterim(
  rooms: Rooms,
  call: AttachedFields,
  facts: Omit<EntryDraft, 'kind'>,
  message: Message,
): Promise<Buffer | undefined> {
  const refusal = refusalOf(rooms, call, message);
  const method = named(message.method ?? '');
  const base = { ...facts, method };
  if (refusal !== undefined) {
    await record(
      rooms,
      { ...base, kind: 'decision.deny', fields: { direction: 'to_client', reason: refusal } },
      true,
    );
    if (message.kind === 'request') await answerServer(rooms, call, message, refusal);
    return undefined;
  }
  const { raw, findings } = masked(rooms, message, { server: call.session.identity.server, method });
  const found = Object.keys(findings).length > 0;
  await record(
    rooms,
    {
      ...base,
      kind: 'call.interim',
      response: { ...digestOf(raw), ...(found ? { findings } : {}) },
      fields: { direction: 'to_client' },
    },
    true,
  );
  return raw;
}

function refusalOf(rooms: Rooms, call: AttachedFields, message: Message): string | undefined {
  if (message.kind === 'response') return 'an answer to no request';
  const controls = controlsOf('server', message.kind, message.method ?? '', call.session.identity.era);
  if (controls === undefined) return 'the gateway does not know this method';
  if (controls.decide === 'follows') return undefined;
  const server = { type: 'Server', name: call.session.identity.server } as const;
  const decision = evaluate(rooms, { ...call, message }, controls.decide.action, server);
  return decision.effect === 'allow' ? undefined : (decision.reasons[0] ?? 'no_permit');
}

/** The server's request ends here; it is told so, under its own id. */
async function answerServer(
  rooms: Rooms,
  call: AttachedFields,
  message: Message,
  reason: string,
): Promise<void> {
  if (message.idKey === undefined || message.idLexeme === undefined) return;
  try {
    const link = call.session.asker(message.idKey);
    link.answered(message.idKey);
    await link.send({
      raw: errorAnswer(message.idLexeme, RPC.methodNotFound, `Refused by the gateway: ${reason}.`),
      idKey: undefined,
      progressKey: undefined,
      callId: '',
      expectsAnswer: false,
      headers:
        call.session.protocolVersion === undefined
          ? {}
          : { 'MCP-Protocol-Version': call.session.protocolVersion },
      deadlineMs: Infinity,
    });
  } catch (thrown) {
    rooms.logger.debug('refusal not delivered to the server', {
      session: call.session.identity.id,
      why: String(thrown),
    });
  }
}
