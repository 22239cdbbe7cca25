import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../src/servers/stdio/lines.ts';

describe('LineSplitter', () => {
  it('passes the same lines wherever the chunks are cut', () => {
    const line = fc
      .uint8Array({ maxLength: 50 })
      .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 11 : byte))));
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 10 }),
        fc.array(fc.nat(600), { maxLength: 30 }),
        (lines, places) => {
          const bytes = Buffer.concat(lines.flatMap((each) => [each, Buffer.from('\n')]));
          const got: Buffer[] = [];
          const splitter = new LineSplitter(
            100,
            (each) => got.push(Buffer.from(each)),
            () => expect.unreachable(),
          );
          const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
          let from = 0;
          for (const place of [...sorted, bytes.length]) {
            splitter.push(bytes.subarray(from, place));
            from = place;
          }
          splitter.flush();
          expect(got).toEqual(lines);
        },
      ),
    );
  });

  it('tells of a line that is too long as soon as it is, and holds none of it', () => {
    for (const chunks of [
      ['x'.repeat(11)],
      ['xxxxxx', 'xxxxxx'],
      ['x'.repeat(11), '\n'],
      [`${'x'.repeat(11)}\n`],
    ]) {
      const lines: string[] = [];
      let told = 0;
      const splitter = new LineSplitter(
        10,
        (line) => lines.push(line.toString()),
        () => {
          told += 1;
        },
      );
      for (const chunk of chunks) splitter.push(Buffer.from(chunk));
      splitter.push(Buffer.from('ok\n'));
      expect(told).toBe(1);
      expect(lines.at(-1)).toBe('ok');
    }
  });

  it('passes a line without a newline at the end of the stream', () => {
    const lines: string[] = [];
    const splitter = new LineSplitter(
      10,
      (line) => lines.push(line.toString()),
      () => {},
    );
    splitter.push(Buffer.from('a\nb'));
    splitter.flush();
    expect(lines).toEqual(['a', 'b']);
  });
});
