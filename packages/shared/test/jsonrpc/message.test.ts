import { describe, expect, it } from 'vitest';
import { errorAnswer, findPath, isBatch, readBatch, readMessage, stringAt } from '../../src/jsonrpc/index.ts';

const read = (text: string) => readMessage(Buffer.from(text));

describe('readMessage', () => {
  it('tells requests, notifications and answers apart', () => {
    expect(read('{"jsonrpc":"2.0","id":0,"method":"ping"}').kind).toBe('request');
    expect(read('{"jsonrpc":"2.0","method":"notifications/initialized"}').kind).toBe('notification');
    expect(read('{"jsonrpc":"2.0","id":1,"result":{}}').kind).toBe('response');
    expect(read('{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"x"}}').kind).toBe('response');
  });

  it('keeps ids as they came and matches them by type and value', () => {
    const key = (id: string) => read(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`).idKey;
    expect(read('{"jsonrpc":"2.0","id":1.0,"method":"ping"}').idLexeme).toBe('1.0');
    expect(key('0')).not.toBe(key('"0"'));
    expect(key('1')).toBe(key('1.0'));
    expect(key('12345678901234567890')).not.toBe(key('12345678901234567891'));
    expect(key('"a"')).toBe(key('"\\u0061"'));
  });

  it('keeps extra members and finds inner ones', () => {
    const message = read(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","x":[1.0],"params":{"name":"a\\tb","_meta":{"progressToken":7}}}',
    );
    expect(stringAt(message.raw, findPath(message.params, 'name'))).toBe('a\tb');
    expect(findPath(message.params, '_meta', 'progressToken')).toBeDefined();
    expect(findPath(message.params, 'nothing', 'here')).toBeUndefined();
  });

  const invalid = [
    '[]',
    '"x"',
    '{"id":1,"method":"ping"}',
    '{"jsonrpc":"1.0","id":1,"method":"ping"}',
    '{"jsonrpc":2.0,"id":1,"method":"ping"}',
    '{"jsonrpc":"2.0","id":null,"method":"ping"}',
    '{"jsonrpc":"2.0","id":{},"method":"ping"}',
    '{"jsonrpc":"2.0","id":true,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1,"method":5}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}',
    '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
    '{"jsonrpc":"2.0","id":1}',
    '{"jsonrpc":"2.0","result":{}}',
  ];
  for (const text of invalid) {
    it(`refuses ${text}`, () => {
      expect(() => read(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
    });
  }

  it('reads batches, and refuses empty ones', () => {
    expect(isBatch(Buffer.from(' \n['))).toBe(true);
    expect(isBatch(Buffer.from('{"a":[]}'))).toBe(false);
    const two = Buffer.from('[ {"jsonrpc":"2.0","method":"a"} , {"jsonrpc":"2.0","id":"]","method":"b"}\n]');
    expect(readBatch(two).map((m) => m.method)).toEqual(['a', 'b']);
    expect(() => readBatch(Buffer.from('[]'))).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('answers with the id exactly as it came', () => {
    expect(errorAnswer('"0"', -32600, 'no').toString()).toBe(
      '{"jsonrpc":"2.0","id":"0","error":{"code":-32600,"message":"no"}}',
    );
    expect(errorAnswer(undefined, -32700, 'no').toString()).toContain('"id":null');
  });
});
