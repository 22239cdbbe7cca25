import { DETECTORS } from '@sallyport/shared/masking';
import { checkRule, type RuleSpec } from '@sallyport/shared/masking-rules';
import Type from 'typebox';
import { GROUPS_MAX, MASKING_LIST_MAX, MASKING_TERMS_MAX } from '../limits.ts';
import { description, type Kind, PLAIN_NAME, PLAIN_NAME_RULE, strict } from './schema.ts';

const MEDIA = Type.Optional(Type.Enum(['pass', 'drop', 'refuse']));
const PROFILE = Type.Enum(['PCI', 'GLBA', 'secrets', 'everything']);
/** A server's or tool's name, or the beginning of one: `core-*`. */
const NAME_OR_PREFIX = Type.String({ pattern: '^[A-Za-z0-9_.-]{0,128}\\*?$', minLength: 1 });
const SCOPE_TOKEN = Type.String({ pattern: PLAIN_NAME });
const groups = Type.Array(SCOPE_TOKEN, { maxItems: GROUPS_MAX, uniqueItems: true, default: [] });
const names = Type.Array(NAME_OR_PREFIX, { maxItems: MASKING_LIST_MAX, uniqueItems: true, default: [] });
const terms = (maxItems: number, maxLength = 256) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength }), { minItems: 1, maxItems, uniqueItems: true }),
  );

const media = { images: MEDIA, audio: MEDIA, binary: MEDIA };

/** `masking` of a Server document. */
export const serverMasking = strict({
  profiles: Type.Array(PROFILE, { uniqueItems: true, default: ['PCI', 'secrets'] }),
  ...media,
  unknownCarriers: Type.Optional(Type.Enum(['scan', 'refuse'])),
  tokenScope: Type.Optional(SCOPE_TOKEN),
  restore: Type.Optional(
    strict({
      tools: Type.Array(NAME_OR_PREFIX, { minItems: 1, maxItems: MASKING_LIST_MAX, uniqueItems: true }),
      groups,
      entities: Type.Array(Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,39}$' }), {
        maxItems: MASKING_LIST_MAX,
        uniqueItems: true,
        default: [],
      }),
    }),
  ),
});

const WHOLE_SCOPE = { servers: [], tools: [], groups: [], exceptGroups: [], direction: 'to-client' };

export const maskingRuleKind: Kind = {
  namePattern: new RegExp(`^(?!(?:PCI|GLBA|secrets|everything)$)${PLAIN_NAME.slice(1)}`),
  nameRule: `${PLAIN_NAME_RULE}, and not the name of a built-in profile`,
  spec: strict({
    match: strict({
      profile: Type.Optional(PROFILE),
      detectors: Type.Optional(
        Type.Array(Type.Enum(DETECTORS.map(({ name }) => name)), { minItems: 1, uniqueItems: true }),
      ),
      pattern: Type.Optional(Type.String({ minLength: 1, maxLength: 2_000 })),
      keys: terms(MASKING_LIST_MAX),
      paths: terms(MASKING_LIST_MAX, 1_000),
      columns: terms(MASKING_LIST_MAX),
      dictionary: terms(MASKING_TERMS_MAX),
      analyser: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{1,40}$' })),
      entities: Type.Optional(
        Type.Array(Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,39}$' }), {
          minItems: 1,
          maxItems: MASKING_LIST_MAX,
          uniqueItems: true,
        }),
      ),
      caseSensitive: Type.Optional(Type.Boolean()),
    }),
    entity: Type.Optional(Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,39}$' })),
    action: Type.Enum(['redact', 'partial', 'hash', 'token', 'drop', 'refuse']),
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
    keep: Type.Optional(Type.Enum(['bin-last4', 'last4'])),
    context: terms(MASKING_LIST_MAX),
    minConfidencePercent: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    allow: terms(MASKING_TERMS_MAX),
    numbers: Type.Optional(Type.Enum(['string', 'zero'])),
    scope: Type.Object(
      {
        servers: names,
        tools: names,
        groups,
        exceptGroups: groups,
        direction: Type.Enum(['to-client', 'to-server', 'both'], { default: 'to-client' }),
      },
      { additionalProperties: false, default: WHOLE_SCOPE },
    ),
    media: Type.Optional(strict(media)),
    description,
    enabled: Type.Boolean({ default: true }),
  }),
  // Cast: the schema above is RuleSpec written as a schema, and has just accepted it.
  problems: (spec) => checkRule('this rule', spec as unknown as RuleSpec),
};
