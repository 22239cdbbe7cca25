import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

let sallyport: Sallyport;
let client: RawClient;
beforeAll(async () => {
  sallyport = await startSallyport({ servers: { echo: echoServer() } });
  client = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await client.initialize();
});
afterAll(() => sallyport?.stop());

/** Texts of numbers that a parser would change. */
const lexemes = fc.constantFrom(
  '1.0',
  '12345678901234567890',
  '-0',
  '1e2',
  '0.10',
  '6304000000000000123',
  '1E+400',
  '0',
);
const strings = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter((text) => text.isWellFormed())
  .map((text) => JSON.stringify(text));
const escaped = fc.constantFrom(
  '"\\u0034111"',
  '"\\/"',
  '"\\u00e9"',
  '"é"',
  '"\\ud83d\\ude00"',
  '"\u2028"',
  '"a\\nb"',
);
const scalar = fc.oneof(lexemes, strings, escaped, fc.constantFrom('true', 'false', 'null'));
const space = fc.constantFrom('', ' ', '\t', '  ');
/** JSON texts, not values: white space and spelling are part of what must arrive. */
const json = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalar,
    fc
      .tuple(fc.array(tie('value'), { maxLength: 4 }), space)
      .map(([items, gap]) => `[${items.join(`,${gap}`)}]`),
    fc
      .uniqueArray(fc.tuple(strings, tie('value')), { maxLength: 4, selector: ([key]) => JSON.parse(key) })
      .map((members) => `{${members.map(([key, value]) => `${key}: ${value}`).join(',')}}`),
  ),
})).value;
const ids = fc.constantFrom('0', '"0"', '1', '"1"', '-7', '"é"', '2.5', '12345678901234567890', '1.0');

describe('what arrives is what was sent', () => {
  it('byte for byte, in both directions', async () => {
    await fc.assert(
      fc.asyncProperty(ids, json, json, space, async (id, args, extra, gap) => {
        const sent = `{"jsonrpc":"2.0",${gap}"x-extra":${extra},"id":${id},"method":"tools/call","params":{"name":"echo","arguments":{"value":${args}},"other":${extra}}}`;
        const answer = await client.post(sent);
        expect(answer.status).toBe(200);
        expect(answer.text).toBe(
          `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","content":[],"echo":${sent}},"x-extra":1.0}`,
        );
      }),
      { numRuns: 150 },
    );
  });
});
