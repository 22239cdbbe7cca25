import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileSchema } from '../../src/tools/schema.ts';

const compile = (inputSchema: unknown) => compileSchema(JSON.stringify({ name: 'tool', inputSchema }));
const check = async (inputSchema: unknown, args: unknown) =>
  (await compile(inputSchema)).check(args, JSON.stringify(args).length);

test('arguments that the schema allows pass, others are named without their values', async () => {
  const schema = {
    type: 'object',
    properties: {
      account: { type: 'string', pattern: '^[0-9]{8}$' },
      amount: { type: 'integer', maximum: 100 },
    },
    required: ['account'],
    additionalProperties: false,
  };
  const { check: given } = await compile(schema);
  expect(given({ account: '12345678', amount: 5 }, 50)).toBeUndefined();
  expect(given({ account: 'secret-value' }, 50)).toBe('arguments/account must match pattern "^[0-9]{8}$"');
  expect(given({ account: '12345678', amount: 4711 }, 50)).toBe('arguments/amount must be <= 100');
  expect(given({}, 2)).toBe("arguments must have required property 'account'");
  expect(given({ account: '12345678', extra: 1 }, 50)).toBe(
    'arguments must NOT have additional properties ("extra")',
  );
});

test('two patterns of one schema are two patterns', async () => {
  const schema = { properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' }, c: { pattern: '^(?!a)c$' } } };
  expect(await check(schema, { a: 'a', b: 'b', c: 'c' })).toBeUndefined();
  expect(await check(schema, { a: 'b' })).toContain('/a');
  expect(await check(schema, { b: 'a' })).toContain('/b');
  expect(await check(schema, { c: 'a' })).toContain('/c');
});

test.each([
  [
    'draft-07, as most servers write it',
    'http://json-schema.org/draft-07/schema#',
    { items: [{ type: 'string' }] },
  ],
  ['2019-09', 'https://json-schema.org/draft/2019-09/schema', { items: [{ type: 'string' }] }],
  ['2020-12', 'https://json-schema.org/draft/2020-12/schema', { prefixItems: [{ type: 'string' }] }],
  ['none, which is 2020-12', undefined, { prefixItems: [{ type: 'string' }] }],
])('a schema of %s is read by its draft', async (_name, $schema, list) => {
  const schema = { ...($schema === undefined ? {} : { $schema }), properties: { list } };
  expect(await check(schema, { list: ['a', 1] })).toBeUndefined();
  expect(await check(schema, { list: [1] })).toContain('/list/0');
});

test.each([
  ['no schema', undefined],
  ['a list', []],
  ['an unknown draft', { $schema: 'https://example.com/mine' }],
  ['a reference to another place', { properties: { a: { $ref: 'https://example.com/schema.json' } } }],
  ['a reference to a file', { $ref: 'file:///etc/passwd' }],
  ['a reference to nothing', { $ref: '#/nowhere' }],
  ['what is no schema', { type: 'objekt' }],
  ['a pattern that is none', { properties: { a: { pattern: '(' } } }],
  ['too deep a schema', JSON.parse(`${'{"not":'.repeat(60)}{}${'}'.repeat(60)}`)],
  ['too large a schema', { description: 'x'.repeat(200_000) }],
])('%s makes a tool unusable', async (_name, schema) => {
  await expect(compile(schema)).rejects.toThrow();
});

test('a name that one schema gives is not known to another', async () => {
  await compile({ $id: 'https://x.example/a', $defs: { b: { $id: 'https://x.example/b', type: 'string' } } });
  await expect(compile({ properties: { a: { $ref: 'https://x.example/b' } } })).rejects.toThrow();
});

test('neither patterns nor references nor lists take more than their time', async () => {
  const began = Date.now();
  const slow = 'checking them against the schema of the tool takes too long';
  const pattern = { properties: { a: { pattern: '^(?=a)(a|a)*$' } } };
  expect(await check(pattern, { a: `${'a'.repeat(60)}b` })).toBe(slow);
  const $defs: Record<string, object> = { d0: { type: 'string' } };
  for (let i = 1; i <= 30; i += 1)
    $defs[`d${i}`] = { allOf: [{ $ref: `#/$defs/d${i - 1}` }, { $ref: `#/$defs/d${i - 1}` }] };
  expect(await check({ $defs, properties: { a: { $ref: '#/$defs/d30' } } }, { a: 'x' })).toBe(slow);
  const list = Array.from({ length: 20_000 }, (_, i) => ({ i }));
  expect(await check({ properties: { a: { uniqueItems: true } } }, { a: list })).toBe(slow);
  // RE2 takes linear time where a backtracking engine would take years.
  expect(
    await check({ properties: { a: { pattern: '^(a+)+$' } } }, { a: `${'a'.repeat(5_000)}b` }),
  ).toContain('/a');
  expect(Date.now() - began).toBeLessThan(3_000);
});

test('a masking token passes where only its looks are wrong, and nothing else with it', async () => {
  const schema = {
    type: 'object',
    properties: {
      card: { type: 'string', pattern: '^[0-9]{16}$', maxLength: 16 },
      amount: { type: 'integer' },
    },
    required: ['amount'],
  };
  const card = '[CARD_NUMBER:t:abcdefghijklmnop]';
  expect(await check(schema, { card, amount: 1 })).toBeUndefined();
  expect(await check(schema, { card, amount: 'x' })).toContain('/amount');
  expect(await check(schema, { card })).toContain('amount');
  expect(await check(schema, { card: '[no token]', amount: 1 })).toContain('/card');
});

test('no arguments at all make it throw, or speak of a value', async () => {
  const { check: given } = await compile({
    type: 'object',
    properties: {
      a: { type: 'string', pattern: '^x' },
      b: { type: 'array', items: { enum: ['y'] } },
      c: { const: 5 },
    },
    additionalProperties: { type: 'number' },
  });
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', '~1/'), fc.jsonValue()),
      (args) => {
        const words = given(JSON.parse(JSON.stringify(args)), 100);
        if (words !== undefined) expect(words).toMatch(/^arguments/);
      },
    ),
  );
});
