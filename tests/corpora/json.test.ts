import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JsonError, scanJson } from '@sallyport/shared/jsonrpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corpus } from '../framework/corpora.ts';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

const found = corpus('json-testsuite');
const files =
  found === undefined
    ? []
    : readdirSync(join(found, 'test_parsing')).filter((name) => name.endsWith('.json'));
const read = (name: string) => readFileSync(join(found ?? '', 'test_parsing', name));
const named = (prefix: string) => files.filter((name) => name.startsWith(prefix));

/**
 * Valid by RFC 8259, and refused by us with a reason each: what can be read in two ways, or breaks what reads it later.
 */
const STRICTER: Readonly<Record<string, string>> = {
  'y_object_duplicated_key.json': 'two readers may take different ones of two members with one name',
  'y_object_duplicated_key_and_value.json': 'the same',
};

function accepts(text: Buffer): boolean {
  try {
    scanJson(text);
    return true;
  } catch (thrown) {
    if (thrown instanceof JsonError) return false;
    throw thrown;
  }
}

let sallyport: Sallyport;
let client: RawClient;
beforeAll(async () => {
  if (found === undefined) return;
  sallyport = await startSallyport({
    servers: { echo: echoServer() },
    // Byte for byte: also what hides, which is otherwise stripped from results.
    documents: { echo: { results: { hidden: 'pass' } } },
  });
  client = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await client.initialize();
});
afterAll(() => sallyport?.stop());

describe.skipIf(found === undefined)('the JSON parsing test suite', () => {
  it('is there', () => {
    expect([named('y_').length, named('n_').length, named('i_').length].every((count) => count > 20)).toBe(
      true,
    );
  });

  it('y_: accepted, but for what we refuse on purpose', () => {
    const refused = named('y_').filter((name) => !accepts(read(name)));
    expect(refused.sort()).toEqual(Object.keys(STRICTER).sort());
  });

  it('n_: refused', () => {
    expect(named('n_').filter((name) => accepts(read(name)))).toEqual([]);
  });

  it('i_: accepted or refused, never a fault; and what is accepted is what JSON.parse accepts', () => {
    for (const name of named('i_').filter((each) => accepts(read(each)))) {
      const text = read(name).toString('utf8');
      expect(() => JSON.parse(text), name).not.toThrow();
      expect(Buffer.from(text).equals(read(name)), name).toBe(true);
    }
  });

  it('as bodies: none is a message, so each is refused with 400, and n_ as no JSON', async () => {
    for (const name of files) {
      const answer = await client.post(read(name));
      expect(answer.status, name).toBe(400);
      const { code } = JSON.parse(answer.text).error;
      // A body whose first character opens an array is a batch, which this revision does not have, whatever is in it.
      const batch = read(name).toString('latin1').trimStart().startsWith('[');
      if (batch || name.startsWith('n_')) expect(code, name).toBe(batch ? -32600 : -32700);
      else expect([-32600, -32700], name).toContain(code);
    }
  }, 120_000);

  it('as arguments: y_ arrives as it is, n_ does not leave', async () => {
    for (const name of [...named('y_'), ...named('n_')]) {
      const sent = Buffer.concat([
        Buffer.from(
          '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"value":',
        ),
        read(name),
        Buffer.from('}}}'),
      ]);
      const answer = await client.post(sent);
      if (name.startsWith('n_') || name in STRICTER) {
        // Some are valid between other bytes: an empty file makes `"value":}`, which is not.
        expect(answer.status, name).toBe(400);
        continue;
      }
      expect(answer.status, name).toBe(200);
      // The echo server reads lines, so a text with a line end arrives without it; all other bytes are as they were.
      const oneLine = sent.toString('utf8').replaceAll(/[\r\n]/g, ' ');
      expect(answer.text.replaceAll(/[\r\n]/g, ' '), name).toContain(`"echo":${oneLine}`);
    }
  }, 120_000);
});
