import { errorAnswer, type Message, RPC } from '@sallyport/shared/jsonrpc';
import type { EntryDraft } from '../audit/index.ts';
import type { Ready } from './at-agent.ts';
import { responseEvidence } from './evidence.ts';
import { findingFields, responseOf } from './findings.ts';
import { type Cleaned, hygieneFields } from './hygiene.ts';
import { labelReading } from './labelling.ts';
import { controlsOf } from './methods.ts';
import { record } from './record.ts';
import type { Rooms } from './rooms.ts';
import type { AttachedFields } from './stages/attach.ts';
import { evaluate } from './stages/decide.ts';
import { named } from './stages/receive.ts';

/**
 * Whether a server's own message may not pass; it is then recorded, and a request is answered to the server, so that
 * it does not wait.
 */
export async function refuseInterim(
  rooms: Rooms,
  call: AttachedFields,
  facts: Omit<EntryDraft, 'kind'>,
  message: Message,
): Promise<boolean> {
  if (message.method === 'notifications/tools/list_changed')
    rooms.tools.listChanged(call.session.identity.server);
  const refusal = refusalOf(rooms, call, message);
  if (refusal === undefined) return false;
  await record(
    rooms,
    {
      ...facts,
      method: named(message.method ?? ''),
      kind: 'decision.deny',
      fields: { direction: 'to_client', reason: refusal },
    },
    true,
  );
  if (message.kind === 'request') await answerServer(rooms, call, message, refusal);
  return true;
}

/** Makes durable what is about to be released before an answer. */
export async function recordInterim(
  rooms: Pick<Rooms, 'audit' | 'labels' | 'server'>,
  call: AttachedFields,
  facts: Omit<EntryDraft, 'kind'>,
  message: Cleaned,
  { raw, findings }: Ready,
): Promise<void> {
  const kept = responseEvidence(responseOf(raw, findings), raw);
  const labels = await labelReading(rooms, call, findings);
  await record(
    rooms,
    {
      ...facts,
      method: named(message.method ?? ''),
      kind: 'call.interim',
      response: kept.response,
      fields: {
        direction: 'to_client',
        ...findingFields(findings),
        ...hygieneFields(message),
        ...(labels.length === 0 ? {} : { labels }),
      },
    },
    true,
    kept.evidence,
  );
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
