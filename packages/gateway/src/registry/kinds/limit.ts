import Type from 'typebox';
import { description, type Kind, PLAIN_NAME, PLAIN_NAME_RULE, SERVER_NAME, strict } from './schema.ts';

const NAMES_MAX = 200;
/** A calendar quarter. */
const WINDOW_MAX_SECONDS = 92 * 24 * 60 * 60;

function names(pattern: string) {
  return Type.Optional(
    Type.Array(Type.String({ pattern }), { minItems: 1, maxItems: NAMES_MAX, uniqueItems: true }),
  );
}

const seconds = Type.Integer({ minimum: 1, maximum: WINDOW_MAX_SECONDS });
const count = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** A rate limit, a budget by an amount, or a limit on calls at once. */
export const limitKind: Kind = {
  namePattern: new RegExp(PLAIN_NAME),
  nameRule: PLAIN_NAME_RULE,
  problems: ({ calls, concurrent, budget }) =>
    calls === undefined && concurrent === undefined && budget === undefined
      ? [{ path: 'calls', message: 'limits nothing: give calls, concurrent or budget.' }]
      : [],
  spec: strict({
    description,
    enabled: Type.Boolean({ default: true }),
    principals: names(PLAIN_NAME),
    groups: names(PLAIN_NAME),
    servers: names(SERVER_NAME),
    tools: names('^[A-Za-z0-9_.-]{1,128}$'),
    per: Type.Array(Type.Enum(['principal', 'server', 'tool']), {
      uniqueItems: true,
      default: ['principal'],
    }),
    calls: Type.Optional(strict({ max: count, seconds })),
    concurrent: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    budget: Type.Optional(
      strict({
        argument: Type.String({ minLength: 1, maxLength: 200 }),
        max: count,
        seconds,
        scale: Type.Integer({ minimum: 0, maximum: 8, default: 0 }),
      }),
    ),
  }),
};
