import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, test } from 'vitest';
import { type Around, createPolicy, type KnownTool } from '../../src/policy/index.ts';
import { nearest } from '../../src/registry/index.ts';

const policy = createPolicy();

const tool = (name: string, properties: object, more: object = {}, pinned = true): KnownTool => ({
  name,
  pinned,
  schemas: [{ type: 'object', properties, ...more }],
  likely: [],
});

const PLACE = {
  type: 'object',
  properties: { bank: { type: 'string' }, branch: { type: ['integer', 'null'] } },
};
const TRANSFER = tool(
  'transfer',
  {
    amount: { type: 'integer' },
    rate: { type: 'number' },
    to: { $ref: '#/$defs/place' },
    currency: { enum: ['EUR', 'USD'] },
    memo: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    either: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    tags: { type: 'array', items: { type: 'string' } },
    urgent: { type: 'boolean' },
    extra: { type: 'object', additionalProperties: true, properties: { a: { type: 'string' } } },
    free: { type: 'object' },
  },
  { $defs: { place: PLACE }, required: ['amount'] },
);
const REFUND = tool('refund', { amount: { type: 'integer' }, invoice: { type: 'string' } });
const BALANCE = tool('get_balance', {});
const DRAFT = tool('draft', { amount: { type: 'string' } }, {}, false);

const around = (tools: readonly KnownTool[]): Around => ({
  flows: new Set(),
  declared: new Map([['ledger', []]]),
  tools: new Map([['ledger', tools]]),
  nearest,
});

const fit = (cedar: string, tools: readonly KnownTool[]) =>
  policy.fit([{ name: 'p', cedar }], around(tools)).map(({ line, column, message, help, refused }) => {
    return `${refused ? 'refused' : 'warning'} ${line}:${column} ${message}${help === undefined ? '' : ` (${help})`}`;
  });

const onTool = (condition: string, effect = 'permit', name = 'transfer') =>
  `${effect} (principal, action == Sallyport::Action::"call", resource == Sallyport::Tool::"ledger/${name}")\n  when { ${condition} };`;
const onServer = (condition: string, effect = 'permit') =>
  `${effect} (principal, action in Sallyport::Action::"use", resource in Sallyport::Server::"ledger")\n  when { ${condition} };`;

describe('names of arguments', () => {
  test.each([
    ['context.arguments.amount <= 100 && context.arguments has currency'],
    ['context.arguments.rate.lessThan(decimal("1.5")) || context.arguments.rate <= 2'],
    ['context.arguments.to.bank like "X*" && context has arguments.to.branch'],
    ['context["arguments"]["tags"].contains("a")'],
    ['context.arguments.extra.b.c == 1 && context.arguments.free.any == true'],
    ['context.arguments.either == "a" || context.arguments.either > 3'],
    ['decimal(context.arguments.memo).lessThan(decimal("10.50"))'],
  ])('%s fits', (condition) => {
    expect(fit(onTool(condition), [TRANSFER, REFUND])).toEqual([]);
  });

  test.each([
    [
      'context.arguments.ammount <= 100',
      '"ammount" is no argument of ledger/transfer (did you mean "amount"? there are amount, currency, either,',
    ],
    ['context.arguments has ammount', '"ammount" is no argument'],
    ['context.arguments.to.banc == "X"', '"to.banc" is no argument of ledger/transfer (did you mean "bank"?'],
    ['context has arguments.to.banc', '"to.banc" is no argument'],
    ['context.arguments["ammount"] == 1', '"ammount" is no argument'],
    ['context.arguments.amount.cents == 1', '"amount.cents" is no argument of ledger/transfer (it has no'],
  ])('%s is refused', (condition, words) => {
    const [found, ...others] = fit(onTool(condition), [TRANSFER, REFUND]);
    const name = /(\w+)"? is no argument/.exec(words)?.[1] ?? '';
    const column = `  when { ${condition}`.search(new RegExp(`"?\\b${name}`)) + 1;
    expect(found).toContain(words);
    expect(found).toMatch(new RegExp(`^refused 2:${column} `));
    expect(others).toEqual([]);
  });

  test('on a group of tools a name must be one of some, and asked for where not all have it', () => {
    const tools = [TRANSFER, REFUND, BALANCE];
    expect(
      fit(onServer('context.arguments has amount && context.arguments.amount > 5', 'forbid'), tools),
    ).toEqual([]);
    const forbid = fit(onServer('context.arguments.amount > 5', 'forbid'), tools);
    expect(forbid).toEqual([
      'refused 2:28 "amount" is no argument of ledger/get_balance, which are in the scope too: this forbid would deny all their calls (ask for it first (`context.arguments has amount && …`), or name the tools)',
    ]);
    expect(fit(onServer('context.arguments.amount > 5'), tools)).toEqual([
      expect.stringMatching(/^warning 2:28 "amount" is no argument .* permits none of their calls/),
    ]);
    expect(fit(onServer('context.arguments has amuont', 'forbid'), tools)).toEqual([
      expect.stringMatching(
        /^refused .*"amuont" is no argument of ledger\/transfer, ledger\/refund, ledger\/get_balance \(did you mean "amount"\?/,
      ),
    ]);
    const narrowed = 'resource == Sallyport::Tool::"ledger/transfer" && context.arguments.amount > 5';
    expect(fit(onServer(narrowed, 'forbid'), tools)).toEqual([]);
    // Asked for as a whole is not asked for within.
    const within = 'context.arguments has to && context.arguments.to.bank == "X"';
    const other = tool('other', { to: { type: 'object', properties: { name: { type: 'string' } } } });
    expect(fit(onServer(within, 'forbid'), [TRANSFER, other])).toEqual([
      expect.stringMatching(/^refused .*"to\.bank" is no argument of ledger\/other,/),
    ]);
    expect(fit(onServer('context has arguments.to.bank', 'forbid'), [TRANSFER, other, BALANCE])).toEqual([]);
  });

  test('what is not pinned is a warning, and so is what has not been shown', () => {
    expect(fit(onTool('context.arguments.ammount == "1"', 'permit', 'draft'), [DRAFT])).toEqual([
      expect.stringMatching(/^warning .*"ammount" is no argument of ledger\/draft \(did you mean "amount"\?/),
    ]);
    expect(fit(onTool('context.arguments.any == 1', 'permit', 'unseen'), [TRANSFER])).toEqual([
      expect.stringMatching(/^warning .*no tool of ledger\/unseen that this is about has been shown yet/),
    ]);
    // A name that a definition under review brings may be written of ahead of its pin.
    const changed = {
      ...REFUND,
      schemas: [...REFUND.schemas, { properties: { limit: { type: 'integer' } } }],
    };
    expect(fit(onTool('context.arguments.limit > 1', 'forbid', 'refund'), [changed])).toEqual([]);
    expect(fit(onTool('context.arguments.limit > 1', 'forbid', 'refund'), [REFUND])).toHaveLength(1);
  });

  test('what hides in the names that a server chose is spelled out, and long ones are cut', () => {
    const odd = tool('odd', {
      'a\u202eb': {},
      ['x'.repeat(100_000)]: {},
      'naïve – ok': {},
      'z\u200bz': {},
      '\ud800': {},
    });
    const [words = ''] = fit(onTool('context.arguments.other == 1', 'permit', 'odd'), [odd]);
    expect(words).toContain('a⟦U+202E⟧b, naïve – ok, xxx');
    expect(words).toContain('z⟦U+200B⟧z');
    expect(words.length).toBeLessThan(400);
    const schema = policy.schema(around([odd]).tools);
    expect(schema).not.toMatch(/\u202e|\u200b/);
  });

  test('requests for access have arguments of their own; prompts are not looked at', () => {
    const request = (condition: string) =>
      `permit (principal, action == Sallyport::Action::"request", resource) when { ${condition} };`;
    expect(fit(request('context.arguments.minutes <= 60 && context.arguments has ticket'), [])).toEqual([]);
    expect(fit(request('context.arguments.minuts <= 60'), [])).toEqual([
      expect.stringMatching(
        /^refused .*"minuts" is no argument of a request for access \(did you mean "minutes"/,
      ),
    ]);
    expect(fit(request('context.arguments.minutes == "60"'), [])).toHaveLength(1);
    const get =
      'permit (principal, action == Sallyport::Action::"get", resource) when { context.arguments.x == 1 };';
    expect(fit(get, [TRANSFER])).toEqual([]);
  });
});

describe('types of arguments', () => {
  test.each([
    ['context.arguments.amount > "5"', /expected Long but saw String, by the arguments of ledger\/transfer/],
    ['context.arguments.currency > 5', /expected Long but saw String/],
    ['context.arguments.currency == 5', /compatible/],
    ['context.arguments.urgent == "yes"', /compatible/],
    ['context.arguments.tags.contains(5)', /compatible|expected/],
    ['context.arguments.to.branch == "5"', /compatible/],
    ['context.arguments.memo > 5', /expected Long but saw String/],
    ['context.arguments has amount && context.arguments.amount like "5*"', /expected String but saw Long/],
  ])('%s is refused', (condition, words) => {
    const found = fit(onTool(condition), [TRANSFER]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(words);
    expect(found[0]).toMatch(/^refused 2:\d+ /);
  });

  test('each definition in the scope is asked; what is not pinned is a warning', () => {
    const condition = onServer('context.arguments has amount && context.arguments.amount > 5', 'forbid');
    expect(fit(condition, [TRANSFER, REFUND, DRAFT])).toEqual([
      expect.stringMatching(/^warning .*expected Long but saw String, by the arguments of ledger\/draft$/),
    ]);
    const texts = [1, 2, 3].map((n) => tool(`t${n}`, { amount: { type: 'string' } }));
    expect(fit(condition, [TRANSFER, ...texts])).toEqual([
      expect.stringMatching(/^refused .*by the arguments of ledger\/t1, ledger\/t2, ledger\/t3$/),
    ]);
  });

  test.each([
    ['no schema', undefined],
    ['a schema that is a boolean', true],
    ['no properties', { type: 'object' }],
    ['other members by pattern', { properties: {}, patternProperties: { '^x': {} } }],
    ['a reference to itself', { $defs: { a: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }],
    ['a reference elsewhere', { $ref: 'https://example.com/schema' }],
    ['a choice of objects', { properties: {}, oneOf: [{ properties: { x: {} } }] }],
    ['a part that is not understood', { properties: {}, allOf: [{ $ref: '#/nowhere' }] }],
  ])('a definition with %s is open', (_what, schema) => {
    const open = { ...TRANSFER, schemas: [schema] };
    expect(fit(onTool('context.arguments.anything == 1'), [open])).toEqual([]);
  });

  test('all parts of a schema are read', () => {
    const schema = {
      properties: { a: { type: 'string' } },
      allOf: [{ properties: { b: { type: 'integer' } } }, { required: ['a'], properties: {} }],
    };
    const parts = { ...TRANSFER, schemas: [schema] };
    expect(fit(onTool('context.arguments.a == "x" && context.arguments.b == 1'), [parts])).toEqual([]);
    expect(fit(onTool('context.arguments.c == 1'), [parts])).toHaveLength(1);
    expect(fit(onTool('context.arguments.b == "x"'), [parts])).toHaveLength(1);
  });
});

describe('the schema for an editor', () => {
  const answerOf = (text: string, condition: string) =>
    cedar.validate({
      validationSettings: { mode: 'strict' },
      schema: text,
      policies: { staticPolicies: { p: onTool(condition) } },
    });
  const errorsOf = (text: string, condition: string) => {
    const answer = answerOf(text, condition);
    return answer.type === 'success' ? answer.validationErrors.length : 'no schema';
  };

  test('of one tool has exactly its arguments, of several what they have in common', () => {
    const odd = tool('odd"tool', {
      'a "b"': { type: 'string' },
      é: { type: 'string' },
      'a b': { type: 'string' },
    });
    const tools = around([TRANSFER, REFUND, BALANCE, DRAFT, odd]).tools;
    const one = policy.schema(tools, { server: 'ledger', tool: 'transfer' });
    expect(errorsOf(one, 'context.arguments.amount > 5')).toBe(0);
    expect(errorsOf(one, 'context.arguments.ammount > 5')).toBe(1);
    expect(errorsOf(one, 'context.arguments has to && context.arguments.to has bank')).toBe(0);
    expect(one).toContain('// "either"?: without one type');
    expect(one).not.toContain('__argument');
    const all = policy.schema(tools);
    expect(all).toContain('type Arguments_ledger_refund = {');
    expect(errorsOf(all, 'context.arguments has amount && context.arguments.amount > 5')).toBe(0);
    expect(errorsOf(all, 'context.arguments has invoice && context.arguments.invoice > 5')).toBe(1);
    expect(all).not.toContain('draft');
    expect(errorsOf(policy.schema(new Map()), 'context.era == "modern"')).toBe(0);
  });
});
