import type { EntryDraft } from '../../audit/index.ts';
import { Ending, type EndingCode, REFUSAL } from '../ending.ts';
import { resourceOf } from '../resource.ts';
import type { Rooms } from '../rooms.ts';
import type { Attached, AttachedFields } from './attach.ts';

class Inspected {
  readonly #fields: AttachedFields;
  constructor(fields: AttachedFields) {
    this.#fields = fields;
  }

  get fields(): AttachedFields {
    return this.#fields;
  }
}

export type { Inspected };

/**
 * A tool is called by its pinned definition or not at all: what nobody has reviewed, and what is another now than what
 * was reviewed, gets no byte (THREATS.md, tool poisoning and rug pull). Whatever calls no tool passes.
 *
 * @throws Ending where the tool is not pinned as the server shows it now
 */
export async function inspect(rooms: Pick<Rooms, 'tools'>, call: Attached): Promise<Inspected> {
  const { message, session, controls } = call.fields;
  if (message.method !== 'tools/call' || controls === undefined || controls.decide === 'follows')
    return new Inspected(call.fields);
  const { server } = session.identity;
  const { name: tool } = resourceOf(message, controls.decide.on, server);
  // A first call may come before the server was first asked what tools it defines.
  if (rooms.tools.state(server, tool).state === 'unknown') await rooms.tools.settled(server);
  const { state, pinned } = rooms.tools.state(server, tool);
  const facts: Omit<EntryDraft, 'kind'> = {
    ...call.fields.facts,
    tool,
    ...(pinned === undefined ? {} : { toolDefinition: pinned }),
  };
  if (state !== 'pinned') {
    throw Object.assign(refused(state, tool, rooms.tools.problem(server)), { facts });
  }
  return new Inspected({ ...call.fields, facts });
}

type Unusable = Exclude<ReturnType<Rooms['tools']['state']>['state'], 'pinned'>;

const WORDS: Readonly<Record<Unusable, { code: EndingCode; why: string; next: string }>> = {
  'awaiting-review': {
    code: 'tool_unpinned',
    why: 'its definition has not been reviewed',
    next: 'Ask the security team to review it.',
  },
  changed: {
    code: 'tool_changed',
    why: 'the server has changed its definition since it was reviewed',
    next: 'Ask the security team to review the change.',
  },
  rejected: {
    code: 'tool_rejected',
    why: 'a reviewer has rejected its definition',
    next: 'Ask the security team.',
  },
  gone: {
    code: 'tool_unpinned',
    why: 'the server does not define it any more',
    next: 'List the tools again.',
  },
  unknown: {
    code: 'tool_unpinned',
    why: 'the server has not shown its definition',
    next: 'List the tools again.',
  },
};

function refused(state: Unusable, tool: string, problem: string | undefined): Ending {
  const { code, why, next } = WORDS[state];
  const listing =
    state === 'unknown' && problem !== undefined ? ` (what tools it has is not known: ${problem})` : '';
  return new Ending(
    code,
    `The tool "${tool}" can't be called: ${why}${listing}. Nothing was sent. ${next}`,
    {
      status: 200,
      rpcCode: REFUSAL.denied,
      data: { reason: code, outcome: 'not_sent' },
    },
    { detail: state },
  );
}
