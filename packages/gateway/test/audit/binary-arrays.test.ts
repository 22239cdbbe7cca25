import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as arrays from '../../src/audit/binary-arrays.ts';
import { freshDatabase, ownerClient } from './fixture.ts';

test('Postgres reads back what was encoded, for every type, with nulls, empty and in any script', async () => {
  const client = await ownerClient(await freshDatabase());
  const text = fc.string({ unit: 'binary' }).map((any) => any.replaceAll('\0', ''));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.option(text), { maxLength: 20 }),
      fc.array(fc.maxSafeInteger(), { maxLength: 20 }),
      fc.array(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), { maxLength: 20 }),
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }),
      async (texts, integers, instants, blobs) => {
        const encoded = texts.filter((any) => any !== null);
        const { rows } = await client.query(
          `SELECT $1::text[] AS texts, $2::int8[] AS integers, $4::bytea[] AS blobs, $5::text[] AS encoded,
             ARRAY(SELECT (extract(epoch FROM instant) * 1000)::bigint FROM unnest($3::timestamptz[]) AS instant) AS instants`,
          [
            arrays.textArray(texts),
            arrays.int8Array(integers),
            arrays.timestamptzArray(instants),
            arrays.byteaArray(blobs),
            arrays.encodedTextArray(encoded.map((any) => Buffer.from(any))),
          ],
        );
        expect(rows[0].texts).toEqual(texts);
        expect(rows[0].encoded).toEqual(encoded);
        expect(rows[0].integers.map(Number)).toEqual(integers);
        expect(rows[0].instants.map(Number)).toEqual(instants);
        expect(rows[0].blobs.map((any: Buffer) => [...any])).toEqual(blobs.map((any) => [...any]));
      },
    ),
    { numRuns: 200 },
  );
});
