import Type, { type TProperties, type TSchema } from 'typebox';
import { ROLES } from '../registry/index.ts';
import { NAME_MAX_CHARS, PAGE_DEFAULT_ITEMS, PAGE_MAX_ITEMS } from './limits.ts';
import { PROBLEM_CODES } from './problems.ts';

/** An object that takes no other members: a misspelt field is refused, not ignored. */
export function closed<P extends TProperties>(properties: P, description?: string) {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  });
}

/** A text that may be one of the given. */
export function oneOf<const T extends string>(
  values: readonly T[],
  options: { description?: string; default?: NoInfer<T> } = {},
) {
  return Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });
}

/** A page of a list. `next` is absent on the last. */
export function pageOf<T extends TSchema>(item: T) {
  return Type.Object({
    items: Type.Array(item),
    next: Type.Optional(Type.String({ description: 'Give it as `after` to get the next page.' })),
  });
}

export const After = Type.Optional(
  Type.String({
    maxLength: 2 * NAME_MAX_CHARS,
    description: '`next` of the page before this one.',
  }),
);
export const Limit = Type.Integer({ minimum: 1, maximum: PAGE_MAX_ITEMS, default: PAGE_DEFAULT_ITEMS });
export const PageQuery = closed({ after: After, limit: Limit });

export const Instant = Type.String({ description: 'RFC 3339, UTC.' });
export const Digest = Type.String({ description: 'SHA-256, hexadecimal.' });
export const Name = Type.String({ minLength: 1, maxLength: NAME_MAX_CHARS });
/** Names of servers and agents (DESIGN.md §2). */
export const ServerName = Type.String({
  pattern: '^[a-z0-9-]{1,40}$',
  description: 'Lower-case letters, digits and "-", at most 40.',
});
export const RoleName = oneOf(ROLES);
export const PRINCIPAL_KINDS = ['service-account', 'user'] as const;
export const PrincipalKind = oneOf(PRINCIPAL_KINDS);

export const ProblemItem = Type.Object({
  kind: Type.String(),
  name: Type.String(),
  place: Type.Optional(Type.String({ description: 'Where the document stood: `policies.yaml:12`.' })),
  path: Type.String({ description: 'Where in the document: `agents[0]`.' }),
  message: Type.String(),
});

/** Every error answer of the API (RFC 9457, application/problem+json). */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: oneOf(PROBLEM_CODES, { description: 'Closed; what a script should look at.' }),
    detail: Type.String({ description: 'What happened, why, and what to do next.' }),
    request: Type.String({ description: "The request's id, as in the gateway's log." }),
    field: Type.Optional(Type.String({ description: 'The field at fault.' })),
    roles: Type.Optional(Type.Array(RoleName, { description: 'Roles of which one would do.' })),
    problems: Type.Optional(Type.Array(ProblemItem)),
  },
  { $id: 'Problem' },
);
