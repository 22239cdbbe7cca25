import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementsAt, JsonError, scanJson, valueAt } from '../../src/jsonrpc/index.ts';

const corpora =
  process.env.SALLYPORT_CORPORA ?? new URL('../../../../../shared/corpora', import.meta.url).pathname;
const torture = `${corpora}/json-testsuite/test_parsing`;

/** Our decision for each text that RFC 8259 leaves open. */
const OPEN: Record<string, boolean> = {
  'i_number_double_huge_neg_exp.json': true,
  'i_number_huge_exp.json': true,
  'i_number_neg_int_huge_exp.json': true,
  'i_number_pos_double_huge_exp.json': true,
  'i_number_real_neg_overflow.json': true,
  'i_number_real_pos_overflow.json': true,
  'i_number_real_underflow.json': true,
  'i_number_too_big_neg_int.json': true,
  'i_number_too_big_pos_int.json': true,
  'i_number_very_big_negative_int.json': true,
};

function accepts(raw: Buffer): boolean {
  try {
    scanJson(raw);
    return true;
  } catch (thrown) {
    if (thrown instanceof JsonError) return false;
    throw thrown;
  }
}

describe.skipIf(!existsSync(torture))('the JSON torture corpus', () => {
  const duplicates = new Set(['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json']);
  for (const file of readdirSync(existsSync(torture) ? torture : '.')) {
    if (!file.endsWith('.json')) continue;
    const expected = file.startsWith('y_')
      ? !duplicates.has(file)
      : file.startsWith('n_')
        ? false
        : (OPEN[file] ?? false);

    it(`${expected ? 'accepts' : 'refuses'} ${file}`, () => {
      const raw = readFileSync(`${torture}/${file}`);

      expect(accepts(raw)).toBe(expected);
    });
  }
});

describe('scanJson', () => {
  it('agrees with JSON.parse on whatever JSON.stringify makes, and finds the members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (value) => {
        const raw = Buffer.from(JSON.stringify(value));
        const wellFormed =
          JSON.stringify(value).isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(value));
        fc.pre(wellFormed);
        const members = scanJson(raw);
        expect(members?.map((m) => m.key)).toEqual(Object.keys(JSON.parse(JSON.stringify(value))));
        for (const member of members ?? []) {
          expect(valueAt(raw, member)).toEqual(JSON.parse(JSON.stringify(value))[member.key]);
        }
      }),
    );
  });

  it('accepts nothing that JSON.parse refuses', () => {
    const soup = fc.string({
      unit: fc.constantFrom(...'{}[]",:\\u0019aeE+-. \ntrufalsn'.split('')),
      maxLength: 24,
    });
    fc.assert(
      fc.property(soup, (text) => {
        if (accepts(Buffer.from(text))) expect(() => JSON.parse(text)).not.toThrow();
      }),
      { numRuns: 20_000 },
    );
  });

  it('finds the elements of an array wherever white space and nesting stand', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 8 }),
        fc.constantFrom(0, 1, 3),
        (items, indent) => {
          const raw = Buffer.from(JSON.stringify(items, undefined, indent));
          const spans = elementsAt(raw, { start: 0, end: raw.length });
          expect(spans.map((span) => valueAt(raw, span))).toEqual(JSON.parse(raw.toString()));
        },
      ),
    );
  });

  const refused: [string, string, string][] = [
    ['a name twice', '{"name":"safe","name":"rm"}', 'duplicate'],
    ['a name twice, once escaped', '{"name":1,"n\\u0061me":2}', 'duplicate'],
    ['a name twice, deep', '{"a":{"b":[{"c":{"d":1,"d":2}}]}}', 'duplicate'],
    [
      'a name twice among many',
      `{${Array.from({ length: 40 }, (_, i) => `"k${i}":0`).join()},"k7":1}`,
      'duplicate',
    ],
    ['a lone high surrogate', '{"a":"\\ud800"}', 'surrogate'],
    ['a lone low surrogate', '{"a":"\\udc00x"}', 'surrogate'],
    ['two high surrogates', '{"a":"\\ud800\\ud800"}', 'surrogate'],
    ['a byte order mark', '\ufeff{}', 'bom'],
    ['too deep', `${'['.repeat(65)}${']'.repeat(65)}`, 'depth'],
    ['far too deep', '['.repeat(500_000), 'depth'],
  ];
  for (const [what, text, code] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => scanJson(Buffer.from(text))).toThrow(expect.objectContaining({ code }));
    });
  }

  it('refuses a surrogate in UTF-8 and overlong forms', () => {
    for (const bytes of [[0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xff], [0xe2, 0x82]]) {
      const raw = Buffer.concat([Buffer.from('"'), Buffer.from(bytes), Buffer.from('"')]);
      expect(() => scanJson(raw)).toThrow(expect.objectContaining({ code: 'utf8' }));
    }
  });
});
