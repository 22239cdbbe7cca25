import { MaskingError, PROFILES, type ProfileName } from '@sallyport/shared/masking';
import type { NamedRule, RuleSpec } from '@sallyport/shared/masking-rules';
import Type, { type Static } from 'typebox';
import { type TrialRules, tryMasking } from '../../masking/index.ts';
import { checkDocument } from '../../registry/index.ts';
import type { AdminApp } from '../app.ts';
import { MASKING_SAMPLE_MAX_CHARS, MASKING_TRIAL_MAX_RULES, MEMBERSHIPS_MAX_ITEMS } from '../limits.ts';
import { AdminError } from '../problems.ts';
import type { AdminRooms } from '../rooms.ts';
import { closed, Name, oneOf, ServerName } from '../schemas.ts';

const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[]; // the keys of a Record are its key type

const TestBody = closed({
  text: Type.Optional(
    Type.String({
      maxLength: MASKING_SAMPLE_MAX_CHARS,
      description: 'Plain text, as a text block holds it.',
    }),
  ),
  message: Type.Optional(
    Type.String({ maxLength: MASKING_SAMPLE_MAX_CHARS, description: 'The raw text of a JSON-RPC message.' }),
  ),
  profiles: Type.Optional(
    Type.Array(oneOf(PROFILE_NAMES), {
      maxItems: PROFILE_NAMES.length,
      description: 'Default, where no server is given: PCI and secrets.',
    }),
  ),
  rules: Type.Optional(
    Type.Array(closed({ name: Name, spec: Type.Record(Type.String(), Type.Unknown()) }), {
      maxItems: MASKING_TRIAL_MAX_RULES,
      description: 'MaskingRule documents to try before they are applied. Their scope is not looked at.',
    }),
  ),
  server: Type.Optional(ServerName),
  tool: Type.Optional(Name),
  groups: Type.Optional(Type.Array(Name, { maxItems: MEMBERSHIPS_MAX_ITEMS })),
  direction: oneOf(['to-client', 'to-server', 'record'], { default: 'to-client' }),
});
type TestBody = Static<typeof TestBody>;

const FindingAnswer = Type.Object({
  rule: Type.String(),
  detector: Type.String(),
  entity: Type.String(),
  carrier: Type.String(),
  count: Type.Integer(),
});

const TestAnswer = Type.Object({
  masked: Type.String({ description: 'Empty where it would be withheld.' }),
  findings: Type.Array(FindingAnswer),
  refused: Type.Optional(
    Type.Object({
      reason: Type.String(),
      message: Type.String(),
      rule: Type.Optional(Type.String()),
    }),
  ),
});

const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'UTC, `2026-11-26`.' });
const READERS = ['administrator', 'policy-author', 'operator', 'auditor'] as const;

/** Trying masking out, and looking at what it has done. Samples are neither stored nor sent. */
export function addMaskingRoutes(app: AdminApp, rooms: AdminRooms): void {
  app.route({
    method: 'POST',
    url: '/masking/test',
    config: { access: ['administrator', 'policy-author', 'operator'] },
    schema: {
      operationId: 'testMasking',
      summary: 'mask a text or a message, and say what was found',
      tags: ['access'],
      body: TestBody,
      response: { 200: TestAnswer },
    },
    handler: ({ body }) => {
      const { masked, findings, refused } = tried(rooms, body);
      return { masked, findings: [...findings], ...(refused === undefined ? {} : { refused }) };
    },
  });

  app.route({
    method: 'GET',
    url: '/masking/statistics',
    config: { access: READERS },
    schema: {
      operationId: 'getMaskingStatistics',
      summary: 'count what each rule has hidden, by server, entity and place',
      tags: ['access'],
      querystring: closed({
        from: Type.Optional(Day),
        until: Type.Optional(Day),
        server: Type.Optional(ServerName),
        rule: Type.Optional(Name),
      }),
      response: {
        200: Type.Object({
          from: Day,
          until: Day,
          items: Type.Array(
            Type.Object({
              server: Type.String(),
              rule: Type.String(),
              detector: Type.String(),
              entity: Type.String(),
              carrier: Type.String(),
              at: oneOf(['agent', 'gateway'], { description: 'The end that found it.' }),
              count: Type.Integer(),
              days: Type.Integer({ description: 'Days on which there was any.' }),
              lastDay: Day,
            }),
          ),
        }),
      },
    },
    handler: async ({ query }) => {
      const until = dayOf(query.until, rooms.clock.now());
      const from = dayOf(query.from, Date.parse(until) - 29 * 86_400_000);
      const { server, rule } = query;
      const items = await rooms.masking.counts({
        from,
        until,
        ...(server === undefined ? {} : { server }),
        ...(rule === undefined ? {} : { rule }),
      });
      return { from, until, items };
    },
  });
}

function dayOf(given: string | undefined, fallbackMs: number): string {
  const day = given ?? new Date(fallbackMs).toISOString().slice(0, 10);
  const ms = Date.parse(`${day}T00:00:00Z`);
  // 2026-02-30 is read as March by some; here it is no day.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== day)
    throw new AdminError('invalid_request', `"${day}" is not a day.`, { field: 'from' });
  return day;
}

function tried(rooms: AdminRooms, body: TestBody): ReturnType<typeof tryMasking> {
  const { text, message } = body;
  const sample = text !== undefined ? { text } : message !== undefined ? { message } : undefined;
  if (sample === undefined || (text !== undefined && message !== undefined))
    throw new AdminError('invalid_request', 'Give either "text" or "message", not both.', { field: 'text' });
  try {
    return tryMasking(sample, rulesOf(rooms, body), rooms.clock);
  } catch (thrown) {
    if (!(thrown instanceof MaskingError)) throw thrown;
    throw new AdminError('invalid_request', `${thrown.message}.`, { field: 'rules', cause: thrown });
  }
}

function rulesOf(rooms: AdminRooms, body: TestBody): TrialRules {
  const { server, tool, groups, direction, profiles, rules } = body;
  if (server === undefined)
    return { profiles: profiles ?? ['PCI', 'secrets'], rules: (rules ?? []).map(ruleOf) };
  if (profiles !== undefined || rules !== undefined) {
    throw new AdminError(
      'invalid_request',
      'With "server" the rules in force are tried; leave "profiles" and "rules" out.',
      { field: 'server' },
    );
  }
  if (!rooms.registry.snapshot().servers.has(server))
    throw new AdminError('invalid_request', `There is no server named "${server}".`, { field: 'server' });
  const scope = { server, groups: groups ?? ('any' as const), direction };
  return { set: rooms.masking.rules(), scope: { ...scope, tool: tool ?? '*' } };
}

function ruleOf({ name, spec }: { name: string; spec: Record<string, unknown> }, index: number): NamedRule {
  const result = checkDocument({ kind: 'MaskingRule', name, spec });
  if ('problems' in result) {
    const [first] = result.problems;
    throw new AdminError('invalid_request', `rule "${name}": ${first?.path} ${first?.message}`, {
      field: `rules[${index}].${first?.path}`,
    });
  }
  // Cast: a MaskingRule's own schema has accepted it. Whatever it is about, here it is tried.
  const checked = result.checked.spec as unknown as RuleSpec;
  const everywhere = { servers: [], tools: [], groups: [], exceptGroups: [], direction: 'both' as const };
  return { name, spec: { ...checked, enabled: true, scope: everywhere } };
}
