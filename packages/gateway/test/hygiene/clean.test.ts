import { readMessage } from '@sallyport/shared/jsonrpc';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clean, HygieneRefusal, type HygieneRules } from '../../src/hygiene/index.ts';

const rules = (some: Partial<HygieneRules>): HygieneRules => ({
  hidden: 'strip',
  label: false,
  links: 'pass',
  ...some,
});
const cleaned = (raw: string, some: Partial<HygieneRules> = {}) =>
  clean(readMessage(Buffer.from(raw)), rules(some));
const answer = (result: unknown) => JSON.stringify({ jsonrpc: '2.0', id: 1, result });

/** Said another way than the code says it. */
const HIDDEN = /(?![\t\n\r])\p{Cc}|[\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu;
const without = (value: unknown): unknown => {
  if (typeof value === 'string') return value.replace(HIDDEN, '');
  if (Array.isArray(value)) return value.map(without);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key.replace(HIDDEN, ''), without(member)]),
    );
  return value;
};

const character = fc.oneof(
  fc.constantFrom(
    ...'\u0000\u0007\u001b\u007f\u0085\u202e\u2066\u2069\u{e0041}\u{e007f}\u200b\u200f\u00a0\u2028\\"/u\n\t\r\b\f',
  ),
  fc.constantFrom('\u{e0001}', '\u{e0080}', '\u{1f600}', '\u{f0000}', '\u2065', '\u202f', 'é', 'x'),
  fc.string({ unit: 'binary', maxLength: 2 }).filter((text) => text.isWellFormed()),
);
const text = fc.array(character, { maxLength: 12 }).map((all) => all.join(''));

/** The text of a JSON string with some of its characters as escapes. */
function written(value: string, coin: () => boolean): string {
  const escaped = [...JSON.stringify(value)].map((each) =>
    each.charCodeAt(0) > 0x7e && coin()
      ? [...Array(each.length).keys()]
          .map((at) => `\\u${each.charCodeAt(at).toString(16).padStart(4, '0')}`)
          .join('')
      : each,
  );
  return escaped.join('');
}

describe('characters that hide', () => {
  test('are gone from every text, raw or escaped, and nothing else is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, text), { maxLength: 4 }),
        fc.infiniteStream(fc.boolean()),
        (pairs, coins) => {
          const coin = () => coins.next().value === true;
          const names = new Set(pairs.map(([, name]) => name.replace(HIDDEN, '')));
          fc.pre(names.size === pairs.length && !names.has('__proto__'));
          const members = pairs.map(
            ([value, name]) => `${written(name, coin)}:[${written(value, coin)},1.0]`,
          );
          const raw = `{"jsonrpc":"2.0","id":1,"result":{${members.join(',')}}}`;
          const { raw: out, findings } = cleaned(raw);
          expect(JSON.parse(out.toString())).toEqual(without(JSON.parse(raw)));
          const count = Object.values(findings).reduce((sum, each) => sum + each, 0);
          const expected = pairs.flat().join('').match(HIDDEN)?.length ?? 0;
          expect(count).toBe(expected);
          // A second time there is nothing to do.
          expect(cleaned(out.toString()).findings).toEqual({});
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('the very same buffer goes on where there is nothing to do', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const raw = Buffer.from(answer({ value: without(value) }));
        expect(clean(readMessage(raw), rules({})).raw).toBe(raw);
      }),
    );
  });

  test('split what a reader sees no more, and are counted by kind', () => {
    const out = cleaned(
      answer({ content: [{ type: 'text', text: 'pay\u202e\u001b[31m me\u{e0069}\u{e0067}' }] }),
    );
    expect(JSON.parse(out.raw.toString()).result.content[0].text).toBe('pay[31m me');
    expect(out.findings).toEqual({ bidi: 1, control: 1, tag: 2 });
  });

  test('are refused or passed where the document says so', () => {
    const raw = answer({ text: 'a\u202eb' });
    expect(() => cleaned(raw, { hidden: 'refuse' })).toThrow(HygieneRefusal);
    expect(cleaned(raw, { hidden: 'pass' }).raw.toString()).toBe(raw);
    expect(cleaned(answer({ text: 'ab' }), { hidden: 'refuse' }).findings).toEqual({});
  });

  test('two members that are one without them are no message', () => {
    expect(() => cleaned('{"jsonrpc":"2.0","id":1,"result":{"a":1,"a\\u202e":2}}')).toThrow(HygieneRefusal);
  });

  test('a back slash before what looks like an escape is a back slash', () => {
    const raw = '{"jsonrpc":"2.0","id":1,"result":{"a":"\\\\u202e \\\\\\u202e \\\\b"}}';
    const { result } = JSON.parse(cleaned(raw).raw.toString());
    expect(result.a).toBe('\\u202e \\ \\b');
  });
});

describe('the label', () => {
  test.each([
    ['{}', '{"_meta":{"sallyport/untrusted":true}}'],
    ['{ }', '{"_meta":{"sallyport/untrusted":true} }'],
    ['{"content":[1.0]}', '{"_meta":{"sallyport/untrusted":true},"content":[1.0]}'],
    ['{"_meta":{},"a":1}', '{"_meta":{"sallyport/untrusted":true},"a":1}'],
    [
      '{"_meta":{"x":12345678901234567890}}',
      '{"_meta":{"sallyport/untrusted":true,"x":12345678901234567890}}',
    ],
    ['{"_meta":{"sallyport/untrusted":false}}', '{"_meta":{"sallyport/untrusted":true}}'],
    ['{"_meta":null}', '{"_meta":{"sallyport/untrusted":true}}'],
  ])('is put into %s', (result, wanted) => {
    const out = cleaned(`{"jsonrpc":"2.0","id":1,"result":${result}}`, { label: true });
    expect(out.raw.toString()).toBe(`{"jsonrpc":"2.0","id":1,"result":${wanted}}`);
    expect(readMessage(out.raw).kind).toBe('response');
  });

  test('is for results alone', () => {
    const raw = '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}';
    expect(cleaned(raw, { label: true }).raw.toString()).toBe(raw);
  });
});

describe('links', () => {
  const said = (content: unknown, more: object = {}) => {
    const out = cleaned(answer({ content, ...more }), { links: 'defang' });
    return { ...JSON.parse(out.raw.toString()).result, found: out.findings.link ?? 0 };
  };

  test('in texts can be followed no more, however they are written', () => {
    const raw = `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"see HTTPS:\\/\\/evil.example and \\u0068ttp://x or ftp://y, ![a](http://z) javascript:alert(1)"}]}}`;
    const out = cleaned(raw, { links: 'defang' });
    expect(JSON.parse(out.raw.toString()).result.content[0].text).toBe(
      'see HxxPS://evil.example and hxxp://x or fxp://y, ![a](hxxp://z) javascript[:]alert(1)',
    );
    expect(out.findings).toEqual({ link: 5 });
  });

  test('in structured content too; what names a resource stays an address', () => {
    const link = { type: 'resource_link', uri: 'https://docs.example/a', name: 'https://n' };
    const { content, structuredContent, found } = said(
      [link, { type: 'resource', resource: { uri: 'http://r', text: 'http://t' } }],
      {
        structuredContent: { url: 'http://s', deep: [{ 'http://key': 'no link' }] },
      },
    );
    expect(content).toEqual([link, { type: 'resource', resource: { uri: 'http://r', text: 'hxxp://t' } }]);
    expect(structuredContent).toEqual({ url: 'hxxp://s', deep: [{ 'http://key': 'no link' }] });
    expect(found).toBe(2);
  });

  test('where there are none, the very same buffer goes on', () => {
    const raw = Buffer.from(
      answer({ content: [{ type: 'text', text: 'no link: http is a protocol' }], n: 1.5 }),
    );
    expect(clean(readMessage(raw), rules({ links: 'defang' })).raw).toBe(raw);
  });

  test('any result stays a message with the same shape', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.webUrl(), (value, url) => {
        const given = { content: [{ type: 'text', text: url }], structuredContent: { value } };
        const out = JSON.parse(
          cleaned(answer(given), { links: 'defang', label: true }).raw.toString(),
        ).result;
        expect(out.content[0].text).not.toMatch(/https?:\/\//i);
        expect(Object.keys(out.structuredContent)).toEqual(['value']);
      }),
    );
  });
});

test('what the far end must find again as it gave it is left alone', () => {
  const raw = [
    '{"jsonrpc":"2.0","id":"a\\u202e\\u0001","result":{"nextCursor":"\\u0002","requestState":"\u202e","tools":[]}}',
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"\\u0001\u202e","progress":1}}',
  ];
  for (const each of raw) expect(cleaned(each).raw.toString()).toBe(each);
  expect(() => cleaned(raw[0] ?? '', { hidden: 'refuse' })).not.toThrow();
});
