import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '@sallyport/shared/canonical-json';
import { elementsAt } from '@sallyport/shared/jsonrpc';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { corpus } from '../../../../tests/framework/corpora.ts';
import { canonicalText, digestOfDefinition } from '../../src/tools/definition.ts';

const digestOf = (text: string) => {
  const raw = Buffer.from(`[${text}]`);
  const [span] = elementsAt(raw, { start: 0, end: raw.length });
  return span && digestOfDefinition(raw, span)?.digest;
};

/** The same value as another text: members in another order, escapes, white space. */
function otherwise(value: unknown, coin: () => boolean): string {
  const space = () => (coin() ? ' ' : '');
  if (Array.isArray(value))
    return `[${space()}${value.map((each) => otherwise(each, coin)).join(`,${space()}`)}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    if (coin()) members.reverse();
    return `{${members.map(([key, member]) => `${otherwise(key, coin)}${space()}:${otherwise(member, coin)}`).join(',')}${space()}}`;
  }
  if (typeof value === 'string' && coin())
    return `"${[...value].map((each) => ([...each].length === 1 && each.length === 1 ? `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}` : each)).join('')}"`;
  return JSON.stringify(value);
}

test('the digest is of what is meant, not of how it is written', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.infiniteStream(fc.boolean()), (value, coins) => {
      const coin = () => coins.next().value === true;
      const definition = { name: 'tool', inputSchema: { type: 'object' }, value };
      const plain = JSON.parse(JSON.stringify(definition));
      expect(digestOf(otherwise(plain, coin))).toBe(digestOf(JSON.stringify(plain)));
    }),
    { numRuns: 500 },
  );
});

test('any change anywhere is another digest', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (left, right) => {
      const [one, other] = [left, right].map((value) =>
        JSON.stringify({ name: 'tool', annotations: { value } }),
      );
      fc.pre(canonicalText(one ?? '') !== canonicalText(other ?? ''));
      expect(digestOf(one ?? '')).not.toBe(digestOf(other ?? ''));
    }),
  );
  const whole = {
    name: 't',
    title: 'T',
    description: 'd',
    inputSchema: { properties: { a: { description: 'x' } } },
    _meta: { a: 1 },
    icons: [],
  };
  const changes = [
    { ...whole, title: 'T ' },
    { ...whole, description: 'd\u200b' },
    { ...whole, inputSchema: { properties: { a: { description: 'X' } } } },
    { ...whole, annotations: {} },
    { ...whole, _meta: { a: '1' } },
    { ...whole, icons: [{}] },
    { ...whole, name: 'T' },
  ];
  const digests = [whole, ...changes].map((each) => digestOf(JSON.stringify(each)));
  expect(new Set(digests).size).toBe(changes.length + 1);
});

test('numbers are told apart as far as they are written, and alike where they are the same', () => {
  const of = (number: string) => digestOf(`{"name":"t","inputSchema":{"maximum":${number}}}`);
  expect(new Set(['1', '1.0', '1e0', '10e-1', '0.1e1'].map(of)).size).toBe(1);
  expect(of('12345678901234567890')).not.toBe(of('12345678901234567891'));
  expect(of('0.1')).not.toBe(of('0.10000000000000001'));
  expect(of('1e400')).not.toBe(of('1e401'));
  expect(of('0')).toBe(of('-0'));
  expect(of('1')).not.toBe(of('"1"'));
});

test('what has no plain name or no size is no definition', () => {
  expect(digestOf('{"description":"x"}')).toBeUndefined();
  expect(digestOf('{"name":"a b"}')).toBeUndefined();
  expect(digestOf('{"name":"e\u0301vil"}')).toBeUndefined();
  expect(digestOf(`{"name":"t","description":"${'x'.repeat(300_000)}"}`)).toBeUndefined();
});

test('for documents of ours the form is that of RFC 8785', () => {
  fc.assert(
    fc.property(
      fc.object({
        values: [fc.string({ unit: 'grapheme' }), fc.maxSafeInteger(), fc.boolean(), fc.constant(null)],
      }),
      (value) => {
        const plain = JSON.parse(JSON.stringify(value));
        expect(canonicalText(JSON.stringify(plain))).toBe(canonicalJson(plain));
      },
    ),
  );
});

const vectors = corpus('rfc8785-jcs');
test.skipIf(vectors === undefined)('the vectors of RFC 8785 come out as they must', () => {
  const root = vectors ?? '';
  const folder = readdirSync(root, { recursive: true })
    .map(String)
    .find((path) => path.endsWith('input'));
  if (folder === undefined) throw new Error('the corpus has no folder of inputs');
  for (const file of readdirSync(join(root, folder))) {
    const text = readFileSync(join(root, folder, file), 'utf8');
    const wanted = readFileSync(join(root, folder, '..', 'output', file), 'utf8');
    // A number that a double rounds stays as it was written: that is where ours says more than RFC 8785.
    const exact = text.replace('333333333.33333329', '333333333.3333333');
    expect(canonicalText(exact), file).toBe(wanted.trim());
  }
});
