import { find, findPath, type Message, stringAt, valueAt } from '@sallyport/shared/jsonrpc';
import { type ArgumentLimit, type Grant, GrantError } from '../grant/index.ts';
import { aboutOf } from './about.ts';
import { Ending, REFUSAL } from './ending.ts';
import { requestEvidence } from './evidence.ts';
import { digestOf, record } from './record.ts';
import type { Answer, Rooms } from './rooms.ts';
import { begin } from './stages/record-intent.ts';
import type { Attached } from './stages.ts';

/** Name of the gateway's own tool. A server's tool of this name is hidden where the gateway's is shown. */
export const REQUEST_ACCESS = 'request_access';

const STRING = { type: 'string' } as const;

/** The tool as clients see it in lists. */
export const REQUEST_ACCESS_DEFINITION = {
  name: REQUEST_ACCESS,
  title: 'Ask for access',
  description:
    'Asks the access gateway for permission to use tools of this server for a limited time. Use it when a call was denied for want of a grant. Answers whether access was granted at once or waits for a person.',
  inputSchema: {
    type: 'object',
    properties: {
      reason: {
        ...STRING,
        minLength: 10,
        maxLength: 1000,
        description: 'Why, for the person who decides and for the record.',
      },
      tools: {
        type: 'array',
        items: STRING,
        maxItems: 100,
        description: 'Names of tools; leave out for all.',
      },
      minutes: { type: 'integer', minimum: 1, description: 'How long. Default 60.' },
      ticket: { ...STRING, maxLength: 100, description: 'Number of the ticket this belongs to.' },
      uses: { type: 'integer', minimum: 1, description: 'At most so many calls.' },
      limits: {
        type: 'array',
        maxItems: 50,
        description: 'Limits on arguments that you will keep to; narrower requests are granted more easily.',
        items: {
          type: 'object',
          properties: {
            argument: STRING,
            min: { ...STRING, description: 'Decimal number as a text.' },
            max: { ...STRING, description: 'Decimal number as a text.' },
            oneOf: { type: 'array', items: STRING },
            prefix: STRING,
          },
          required: ['argument'],
          additionalProperties: false,
        },
      },
      untilSessionEnds: { type: 'boolean', description: 'Let it end with this session.' },
    },
    required: ['reason'],
    additionalProperties: false,
  },
} as const;

/** Whether a message calls the gateway's own tool. */
export function asksForAccess(message: Message): boolean {
  if (message.method !== 'tools/call' || message.kind !== 'request') return false;
  return stringAt(message.raw, find(message.params?.members, 'name')) === REQUEST_ACCESS;
}

/**
 * Answers a call of `request_access`. It never reaches a server: the request and what came of it are the grant room's
 * entries, and that this answer was given is recorded before it is released.
 */
export async function runRequestAccess(rooms: Rooms, call: Attached, answer: Answer): Promise<void> {
  const { message, facts, session, authenticated, begins } = call.fields;
  if (begins) await begin(rooms, call.fields, facts);
  const { request, evidence } = requestEvidence(rooms, message, aboutOf(call.fields));
  const outcome = await ask(rooms, call);
  const structured = outcome.grant === undefined ? undefined : summaryOf(outcome.grant);
  const result = {
    content: [{ type: 'text', text: outcome.words }],
    ...(structured === undefined ? {} : { structuredContent: structured }),
    isError: outcome.grant === undefined,
    ...(session.identity.era === 'modern' ? { resultType: 'complete' } : {}),
  };
  // The id goes back exactly as it came.
  const raw = Buffer.from(`{"jsonrpc":"2.0","id":${message.idLexeme},"result":${JSON.stringify(result)}}`);
  await record(
    rooms,
    {
      ...facts,
      kind: 'call.gateway',
      tool: REQUEST_ACCESS,
      ...(outcome.grant === undefined ? {} : { grant: outcome.grant.id }),
      request,
      response: digestOf(raw),
      duration: Math.round(rooms.clock.monotonicMs() - authenticated.received.startedMs),
      fields: { outcome: outcome.code },
      control: ['PCI 10.2.1.1'],
    },
    false,
    evidence,
  );
  answer.final({ status: 200, body: raw });
}

interface Outcome {
  readonly code: string;
  readonly words: string;
  readonly grant?: Grant;
}

async function ask(rooms: Rooms, call: Attached): Promise<Outcome> {
  const { message, session, authenticated } = call.fields;
  const { principal, tokenId, received } = authenticated;
  const span = findPath(message.params, 'arguments');
  const given = readArguments(span === undefined ? {} : valueAt(message.raw, span));
  if (typeof given === 'string') return { code: 'invalid', words: `${given} Nothing was asked for.` };
  const { minutes = 60, untilSessionEnds, limits = [], tools = [], uses, ...rest } = given;
  try {
    const grant = await rooms.grants.request(
      {
        principal: { kind: principal.kind, name: principal.name },
        server: session.identity.server,
        tools,
        argumentLimits: limits,
        durationSeconds: minutes * 60,
        ...rest,
        ...(uses === undefined ? {} : { usesMax: uses }),
        ...(untilSessionEnds === true ? { session: session.identity.id } : {}),
      },
      { kind: principal.kind, name: principal.name, token: tokenId, sourceIp: received.incoming.ip },
    );
    return { code: grant.state, words: wordsOf(grant), grant };
  } catch (thrown) {
    if (!(thrown instanceof GrantError)) throw thrown;
    if (thrown.code === 'unavailable') {
      throw new Ending(
        'log_unavailable',
        thrown.message,
        {
          status: 503,
          rpcCode: REFUSAL.unavailable,
          data: { reason: 'log_unavailable', outcome: 'not_sent' },
        },
        { cause: thrown },
      );
    }
    return { code: thrown.code, words: thrown.message };
  }
}

function wordsOf(grant: Grant): string {
  const what = grant.tools.length === 0 ? 'all its tools' : grant.tools.join(', ');
  return grant.state === 'active'
    ? `Granted until ${grant.expiresAt}: "${grant.server}", ${what}. Grant ${grant.id}. Make your call again.`
    : `A person has to approve this (${grant.id}${grant.approval === undefined ? '' : `, approval ${grant.approval}`}). Nothing is granted yet. Make your call again once it is.`;
}

function summaryOf(grant: Grant): Record<string, string> {
  const { id, state, expiresAt, approval } = grant;
  return {
    grant: id,
    state,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(approval === undefined ? {} : { approval }),
  };
}

interface Given {
  readonly reason: string;
  readonly tools?: readonly string[];
  readonly minutes?: number;
  readonly ticket?: string;
  readonly uses?: number;
  readonly limits?: readonly ArgumentLimit[];
  readonly untilSessionEnds?: boolean;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.length <= 100 && value.every(isText);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value);

const MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  reason: isText,
  tools: isTexts,
  minutes: isCount,
  ticket: isText,
  uses: isCount,
  limits: (value) => Array.isArray(value) && value.length <= 50 && value.every(isLimit),
  untilSessionEnds: (value) => typeof value === 'boolean',
};
const LIMIT_MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  argument: isText,
  min: isText,
  max: isText,
  oneOf: isTexts,
  prefix: isText,
};

function isLimit(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'argument' in value &&
    misfit(value, LIMIT_MEMBERS) === undefined
  );
}

/** The arguments, or what is wrong with them. */
function readArguments(value: unknown): Given | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'The arguments must be an object.';
  const wrong = misfit(value, MEMBERS);
  if (wrong !== undefined) return `The argument "${wrong}" is not one of request_access, or not of its type.`;
  if (!('reason' in value)) return 'A reason is needed.';
  // Cast: every member was checked just above.
  return value as Given;
}

function misfit(value: object, members: typeof MEMBERS): string | undefined {
  return Object.entries(value)
    .find(([name, member]) => !(Object.hasOwn(members, name) && members[name]?.(member)))?.[0]
    ?.slice(0, 50);
}
