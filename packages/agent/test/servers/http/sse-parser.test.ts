import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseParser } from '../../../src/servers/http/sse-parser.ts';

type Seen = ['event', string, string] | ['id', string] | ['retry', number] | ['tooLarge'];

function parse(chunks: readonly Buffer[], maxBytes = 1_000_000): Seen[] {
  const seen: Seen[] = [];
  const parser = new SseParser(maxBytes, 100, {
    event: (type, data) => seen.push(['event', type, data.toString()]),
    id: (id) => seen.push(['id', id]),
    retry: (ms) => seen.push(['retry', ms]),
    tooLarge: () => seen.push(['tooLarge']),
  });
  for (const chunk of chunks) parser.push(chunk);
  return seen;
}

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...places].map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  let from = 0;
  const chunks = sorted.map((place) => {
    const chunk = bytes.subarray(from, place);
    from = place;
    return chunk;
  });
  return [...chunks, bytes.subarray(from)];
}

const line = fc
  .stringMatching(/^[^\r\n\0]{1,30}$/u)
  .filter((text) => text.isWellFormed() && !text.startsWith(' '));

describe('SseParser', () => {
  it('reads the same events wherever the chunks are cut and however lines end', () => {
    const event = fc.record({
      type: fc.option(fc.stringMatching(/^[a-z]{1,8}$/), { nil: undefined }),
      id: fc.option(fc.stringMatching(/^[a-z0-9]{0,8}$/), { nil: undefined }),
      data: fc.array(line, { maxLength: 3 }),
      comment: fc.boolean(),
      space: fc.constantFrom('', ' '),
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.constantFrom('\n', '\r', '\r\n'),
        fc.array(fc.nat(2_000), { maxLength: 20 }),
        fc.boolean(),
        (events, end, places, bom) => {
          let text = bom ? '\uFEFF' : '';
          const expected: Seen[] = [];
          for (const { type, id, data, comment, space } of events) {
            if (comment) text += `: keep-alive${end}`;
            if (type !== undefined) text += `event:${space}${type}${end}`;
            if (id !== undefined) text += `id:${space}${id}${end}`;
            for (const each of data) text += `data:${space}${each}${end}`;
            text += end;
            if (id !== undefined) expected.push(['id', id]);
            if (data.length > 0) expected.push(['event', type ?? 'message', data.join('\n')]);
          }
          const bytes = Buffer.from(text);
          expect(parse(cut(bytes, places))).toEqual(expected);
          expect(parse([...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
        },
      ),
    );
  });

  it('passes data byte for byte, also what is not valid UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from('data: {"a":"'),
      Buffer.from([0xff, 0xc3, 0x28]),
      Buffer.from('"}\n\n'),
    ]);
    const got: Buffer[] = [];
    const parser = new SseParser(1_000, 100, {
      event: (_type, data) => got.push(data),
      id: () => {},
      retry: () => {},
      tooLarge: () => {},
    });
    parser.push(bytes);
    expect(got[0]).toEqual(bytes.subarray(6, -2));
  });

  it('tells ids without data and times to wait, and no others', () => {
    expect(parse([Buffer.from('id: p1\nretry: 250\ndata:\n\nretry: soon\nid: a\0b\ndata: x\n\n')])).toEqual([
      ['retry', 250],
      ['id', 'p1'],
      ['event', 'message', 'x'],
    ]);
  });

  it('does not pass an event whose end has not come', () => {
    expect(parse([Buffer.from('data: {"half":')])).toEqual([]);
    expect(parse([Buffer.from('data: x\n')])).toEqual([]);
  });

  it('stops at an event larger than allowed, in one line or in many', () => {
    expect(parse([Buffer.from('data: ok\n\n'), Buffer.from(`data: ${'x'.repeat(200)}`)], 100)).toEqual([
      ['event', 'message', 'ok'],
      ['tooLarge'],
    ]);
    expect(
      parse([Buffer.from('data: 0123456789\n'.repeat(20)), Buffer.from('\ndata: more\n\n')], 100),
    ).toEqual([['tooLarge']]);
  });
});
