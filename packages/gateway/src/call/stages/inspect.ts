import { find, type Message, RPC, valueAt } from '@sallyport/shared/jsonrpc';
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
 * @throws Ending where the tool is not pinned as the server shows it now, or its arguments are not as its schema demands
 */
export async function inspect(rooms: Pick<Rooms, 'tools'>, call: Attached): Promise<Inspected> {
  return new Inspected(await inspectNow(rooms, call.fields));
}

/** The same for a call that was held: its tool may have become another one meanwhile. @throws Ending */
export async function inspectNow(rooms: Pick<Rooms, 'tools'>, call: AttachedFields): Promise<AttachedFields> {
  const { message, session, controls } = call;
  if (message.method !== 'tools/call' || controls === undefined || controls.decide === 'follows') return call;
  const { server } = session.identity;
  const { name: tool } = resourceOf(message, controls.decide.on, server);
  // A first call may come before the server was first asked what tools it defines.
  if (rooms.tools.state(server, tool).state === 'unknown') await rooms.tools.settled(server);
  const { state, pinned } = rooms.tools.state(server, tool);
  const facts: Omit<EntryDraft, 'kind'> = {
    ...call.facts,
    tool,
    ...(pinned === undefined ? {} : { toolDefinition: pinned }),
  };
  if (state !== 'pinned' || pinned === undefined) {
    throw Object.assign(refused(state === 'pinned' ? 'unknown' : state, tool, rooms.tools.problem(server)), {
      facts,
    });
  }
  await checkArguments(rooms, message, tool, pinned).catch((thrown: unknown) => {
    throw thrown instanceof Ending ? Object.assign(thrown, { facts }) : thrown;
  });
  return { ...call, facts };
}

/** @throws Ending where something stands against the call */
async function checkArguments(
  rooms: Pick<Rooms, 'tools'>,
  message: Message,
  tool: string,
  digest: string,
): Promise<void> {
  const span = find(message.params?.members, 'arguments');
  const problem = await rooms.tools
    .problemOf(digest, () => ({
      value: span === undefined ? {} : valueAt(message.raw, span),
      sizeBytes: span === undefined ? 2 : span.end - span.start,
    }))
    .catch((cause: unknown) => {
      throw new Ending(
        'log_unavailable',
        'The gateway cannot read the definition of the tool now, so the call was not sent. Try again.',
        {
          status: 503,
          rpcCode: REFUSAL.unavailable,
          data: { reason: 'database_unavailable', outcome: 'not_sent' },
        },
        { cause },
      );
    });
  if (problem === undefined) return;
  const { unusable, words } = problem;
  const code = unusable ? 'tool_unusable' : 'invalid_arguments';
  throw new Ending(
    code,
    unusable
      ? `The tool "${tool}" can't be called: arguments can't be checked, because ${words}. Nothing was sent. Ask who runs the server.`
      : `The arguments of "${tool}" are not as its definition demands: ${words}. Nothing was sent. Correct them and call again.`,
    {
      status: 200,
      rpcCode: unusable ? REFUSAL.denied : RPC.invalidParams,
      data: { reason: code, outcome: 'not_sent' },
      ...(unusable ? {} : { asToolError: true }),
    },
    { detail: words },
  );
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
