import {
  find,
  findPath,
  type Message,
  readMessage,
  stringAt,
  text,
  valueAt,
} from '@sallyport/shared/jsonrpc';
import type { EntryDraft } from '../../audit/index.ts';
import { type MaskAbout, type MaskedMessage, MaskingRefusal } from '../../masking/index.ts';
import { requireMasked } from '../at-agent.ts';
import { Ending, REFUSAL } from '../ending.ts';
import type { LocatedFinding } from '../findings.ts';
import { cleaned, hygieneFields } from '../hygiene.ts';
import { filterList } from '../lists.ts';
import type { Rooms } from '../rooms.ts';
import { evaluate } from './decide.ts';
import type { Answered } from './dispatch.ts';
import type { IntendedFields } from './record-intent.ts';

interface MaskedFields {
  readonly intended: IntendedFields;
  /** What may be released, and nothing else. */
  readonly raw: Buffer;
  readonly httpStatus: number;
  readonly outcome: NonNullable<EntryDraft['outcome']>;
  readonly findings: readonly LocatedFinding[];
  /** Names taken out of a list. */
  readonly withheld: readonly string[];
  /** Those of them whose definition is not pinned. */
  readonly unpinned: readonly string[];
  /** What was made clean, for the entry. */
  readonly hygiene: ReturnType<typeof hygieneFields>;
}

class Masked {
  readonly #fields: MaskedFields;
  constructor(fields: MaskedFields) {
    this.#fields = fields;
  }

  get fields(): MaskedFields {
    return this.#fields;
  }
}

export type { Masked };

/** Results a call may end in (2026-07-28). One that is not known can't be judged, so it is withheld. */
const RESULT_TYPES: readonly string[] = ['complete', 'input_required'];

/**
 * Leaves in the answer only what this principal may see.
 * @throws Ending `withheld` where that can't be done: an answer that can't be masked is not released
 */
export async function mask(rooms: Rooms, call: Answered): Promise<Masked> {
  const { intended, answer, httpStatus, interims } = call.fields;
  const { attached } = intended.decided;
  requireMasked(answer, interims.rulesVersion);
  if (attached.session.identity.era === 'modern') checkModernResult(rooms, intended, answer);
  const filtered =
    attached.controls?.forward === 'filter-list'
      ? filterList(rooms, attached, answer, await pinnedOnly(rooms, attached, answer))
      : { raw: answer.raw, withheld: [], unpinned: [] };
  const visible = filtered.raw === answer.raw ? answer : { ...answer, ...readMessage(filtered.raw) };
  // What is still held of the messages before it is masked together with it, and released before it.
  const tidy = cleaned(rooms, attached, visible);
  const { raw, findings } = await interims.answer(tidy);
  return new Masked({
    intended,
    raw,
    httpStatus,
    outcome: outcomeOf(answer),
    findings,
    withheld: filtered.withheld,
    unpinned: filtered.unpinned,
    hygiene: hygieneFields(tidy),
  });
}

/**
 * Which elements of an answer to `tools/list` may be shown: those whose very definition is pinned.
 * @throws Ending `withheld` where what is new in it can't be recorded
 */
async function pinnedOnly(
  rooms: Pick<Rooms, 'tools'>,
  { message, session }: IntendedFields['decided']['attached'],
  answer: Message,
): Promise<(index: number) => boolean> {
  if (message.method !== 'tools/list') return () => true;
  try {
    return await rooms.tools.shown(session.identity.server, answer);
  } catch (thrown) {
    throw withheld('what it says of its tools could not be recorded', thrown);
  }
}

/** Masks a message on its way to the client. @throws Ending `withheld` */
export function masked(rooms: Pick<Rooms, 'masking'>, message: Message, about: MaskAbout): MaskedMessage {
  try {
    return rooms.masking.toClient(message, about);
  } catch (thrown) {
    return unwrapped(thrown);
  }
}

/** The masked message. @throws Ending `withheld` for anything else: an answer that can't be masked is not released */
export function unwrapped(result: unknown): MaskedMessage {
  if (result instanceof MaskingRefusal) {
    throw withheld(`it could not be masked (${result.message})`, result, {
      masking: result.code,
      ...(result.rule === undefined ? {} : { rule: result.rule }),
    });
  }
  if (result instanceof Error) throw withheld('it could not be masked', result);
  // Cast: what is not an error is what masking gave.
  return result as MaskedMessage;
}

function outcomeOf(answer: Message): NonNullable<EntryDraft['outcome']> {
  if (answer.error !== undefined) {
    const code = find(answer.error.members, 'code');
    const rpcCode = code === undefined ? Number.NaN : Number(text(answer.raw, code));
    return { transport: 'answered', rpc: 'error', ...(Number.isSafeInteger(rpcCode) ? { rpcCode } : {}) };
  }
  const isError = findPath(answer.result, 'isError');
  if (isError === undefined) return { transport: 'answered', rpc: 'result' };
  return {
    transport: 'answered',
    rpc: 'result',
    tool: text(answer.raw, isError) === 'true' ? 'error' : 'ok',
  };
}

/** What a modern answer asks of the client is decided like a legacy server's own request. */
function checkModernResult(rooms: Rooms, intended: IntendedFields, answer: Message): void {
  const type = stringAt(answer.raw, findPath(answer.result, 'resultType'));
  if (type !== undefined && !RESULT_TYPES.includes(type)) throw withheld('its result type is not known');
  const requests = findPath(answer.result, 'inputRequests');
  if (requests === undefined || answer.raw[requests.start] !== 0x7b) return;
  // Cast: the span opens with a brace, so it is an object.
  for (const request of Object.values(valueAt(answer.raw, requests) as Record<string, unknown>)) {
    const method =
      typeof request === 'object' && request !== null && 'method' in request ? request.method : undefined;
    const action = INPUT_ACTIONS[String(method)];
    if (action === undefined) throw withheld('it asks for an input that is not known');
    const { attached } = intended.decided;
    const server = { type: 'Server', name: attached.session.identity.server } as const;
    const decision = evaluate(rooms, attached, action, server);
    if (decision.effect !== 'allow') throw withheld(`policy does not permit "${action}" on this server`);
  }
}

const INPUT_ACTIONS: Readonly<Record<string, 'sample' | 'elicit' | 'roots'>> = {
  'sampling/createMessage': 'sample',
  'elicitation/create': 'elicit',
  'roots/list': 'roots',
};

/** Ends a call whose answer may not be released. */
export function withheld(why: string, cause?: unknown, more: Record<string, string> = {}): Ending {
  return new Ending(
    'withheld',
    `The server answered, and the answer is withheld: ${why}. The call has run. Tell the security team.`,
    { status: 200, rpcCode: REFUSAL.withheld, data: { reason: 'withheld', outcome: 'withheld', ...more } },
    { cause, detail: why },
  );
}
