import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHeader } from '../../src/call/headers.ts';

const encode = (bytes: Buffer) => `=?base64?${bytes.toString('base64')}?=`;

describe('a header value', () => {
  it('is itself where it is not in the form of base64', () => {
    for (const value of [
      'echo',
      '',
      '=?base64?',
      '=?BASE64?ZWNobw==?=',
      ' =?base64?ZWNobw==?=',
      '=?base64?ZWNobw==?= ',
    ])
      expect(decodeHeader(value)).toBe(value);
  });

  it('is any text in that form', () => {
    expect(decodeHeader('=?base64?ZWNobw==?=')).toBe('echo');
    expect(decodeHeader('=?base64??=')).toBe('');
    // A value that looks like the form itself is written in it.
    expect(decodeHeader(encode(Buffer.from('=?base64?ZWNobw==?=')))).toBe('=?base64?ZWNobw==?=');
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => text.isWellFormed()),
        (text) => decodeHeader(encode(Buffer.from(text))) === text,
      ),
    );
  });

  it('is refused where its base64 or the UTF-8 in it is not valid', () => {
    for (const inner of [
      'ZWNobw',
      'ZWNobw=',
      'ZWNobw===',
      'ZWNo bw==',
      'ZW-_',
      'é',
      '=',
      '====',
      'ZWNobw==ZWNobw==',
    ])
      expect(decodeHeader(`=?base64?${inner}?=`), inner).toBeUndefined();
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80]])
      expect(decodeHeader(encode(Buffer.from(bytes)))).toBeUndefined();
  });
});
