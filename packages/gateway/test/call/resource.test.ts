import { readMessage } from '@sallyport/shared/jsonrpc';
import { describe, expect, it } from 'vitest';
import { argumentsOf, isPlainName, numberLexeme, resourceOf } from '../../src/call/resource.ts';

const message = (params: unknown) =>
  readMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'm', params })));

function resource(on: Parameters<typeof resourceOf>[1], params: unknown) {
  return resourceOf(message(params), on, 'ledger');
}

const refused = expect.objectContaining({
  code: 'malformed',
  reply: expect.objectContaining({ rpcCode: -32602 }),
});

describe('the name of a tool', () => {
  it.each(['echo', 'ns.tool_name-2', 'A', 'a'.repeat(128)])('is plain: %s', (name) => {
    expect(resource('tool', { name })).toEqual({ type: 'Tool', name });
    expect(isPlainName('Tool', name)).toBe(true);
  });

  it.each([
    '',
    ' echo',
    'echo ',
    'echo\n',
    'echo\u0000',
    'ec\u200dho',
    '\u0435cho', // Cyrillic
    'echo\u202e',
    'e\u0301cho',
    'ｅcho', // full width
    'a/b',
    '../echo',
    'a"b',
    'a'.repeat(129),
  ])('is refused where it could be read in two ways: %j', (name) => {
    expect(() => resource('tool', { name })).toThrow(refused);
    expect(isPlainName('Tool', name)).toBe(false);
  });

  it.each([undefined, null, 7, true, ['echo'], { name: 'echo' }])(
    'is refused where it is no text: %j',
    (name) => {
      expect(() => resource('tool', { name })).toThrow(refused);
    },
  );
});

describe('the name of a prompt', () => {
  it.each(['Summarise a document', 'résumé', '要約'])(
    'may have single spaces and any letters: %s',
    (name) => {
      expect(resource('prompt', { name })).toEqual({ type: 'Prompt', name });
    },
  );

  it.each(['', ' a', 'a ', 'a  b', 'a\tb', 'a\u00a0b', 'a\u200bb', 'a\u2028b', 'a\u0000'])(
    'is refused: %j',
    (name) => {
      expect(() => resource('prompt', { name })).toThrow(refused);
    },
  );
});

describe('a URI', () => {
  it.each([
    ['test://static-text', 'test://static-text'],
    ['file:///home/a.b/..c/d..e/.hidden', 'file:///home/a.b/..c/d..e/.hidden'],
    ['HTTPS://Bank.EXAMPLE:443/A?q=1#f', 'https://bank.example/A?q=1#f'],
    ['file:///a b', 'file:///a%20b'],
    ['customers/7', 'customers/7'],
    ['urn:isbn:0451450523', 'urn:isbn:0451450523'],
    ['demo://résumé', 'demo://r%C3%A9sum%C3%A9'],
  ])('has one reading, which policy decides on: %s', (uri, name) => {
    expect(resource('resource', { uri })).toEqual({ type: 'Resource', name });
  });

  it.each([
    '',
    'file:///a/../b',
    'file:///a/./b',
    'file:///a/..',
    'file:///../a',
    '../a',
    '..',
    'a/..',
    'file:../a',
    'docs://../secret', // a server may take the authority for the first folder
    'docs://..',
    'docs://./secret',
    'docs://%2e%2e/secret',
    'file:///a/%2e%2e/b',
    'file:///a/%2E./b',
    'file:///a/.%2e',
    'file:///a/..?x',
    'file:///a/..#x',
    'file:///a\\..\\b',
    'file:///a\\b',
    'file:///a%5cb',
    'file:///a%2fb',
    'file:///a%2Fb',
    'file:///a%00',
    'file:///a\u0000',
    'file:///a\nb',
    'file:///a\tb',
    ' file:///a',
    'file:///a ',
    'file:///a\u202eb',
    'file:///a\u3000b',
    `file:///${'a'.repeat(4096)}`,
  ])('is refused where a server could resolve it otherwise: %j', (uri) => {
    expect(() => resource('resource', { uri })).toThrow(refused);
  });

  it('is refused where it is no text', () => {
    for (const uri of [undefined, null, 7, ['file:///a']])
      expect(() => resource('resource', { uri })).toThrow(refused);
  });
});

describe('what a completion is about', () => {
  it('is a prompt or a resource template, named plainly', () => {
    expect(resource('reference', { ref: { type: 'ref/prompt', name: 'p' } })).toEqual({
      type: 'Prompt',
      name: 'p',
    });
    expect(resource('reference', { ref: { type: 'ref/resource', uri: 'test://{id}' } })).toEqual({
      type: 'Resource',
      name: 'test://{id}',
    });
    for (const ref of [
      undefined,
      {},
      { type: 'ref/tool', name: 'p' },
      { type: 'ref/prompt' },
      { type: 'ref/prompt', name: 'a\u0000' },
    ])
      expect(() => resource('reference', { ref })).toThrow(refused);
  });
});

describe('arguments', () => {
  it('keep the text of a number that a double would round', () => {
    const text =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"a":9007199254740993,"b":0.1,"c":7,"d":[1e400]}}}';
    // Cast: the arguments of the text above.
    const found = argumentsOf(readMessage(Buffer.from(text)))?.() as Record<string, unknown> & {
      d: unknown[];
    };
    expect([found.a, found.b, found.d[0]].map(numberLexeme)).toEqual(['9007199254740993', '0.1', '1e400']);
    expect([found.c, numberLexeme(found.c)]).toEqual([7, undefined]);
    expect(argumentsOf(message({ name: 'echo' }))).toBeUndefined();
  });
});
