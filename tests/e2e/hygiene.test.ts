import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient, type Sallyport, shiftingServer, startSallyport } from '../framework/index.ts';

// A server that answers with what hides, and what each setting of its document makes of it on the wire.

const folder = mkdtempSync(join(tmpdir(), 'sallyport-hygiene-'));
const tools = join(folder, 'tools.json');
const SCHEMA = { type: 'object', properties: { account: { type: 'string' } }, required: ['account'] };
const RESULT =
  '{"content":[{"type":"text","text":"paid\\u202e \u{e0069}\u{e0067}see https://evil.example/?q=1"}],"n":1.0}';

let sallyport: Sallyport;
beforeAll(async () => {
  writeFileSync(tools, JSON.stringify([{ name: 'pay', inputSchema: SCHEMA }]));
  const server = shiftingServer({ TOOLS_FILE: tools, RESULT });
  sallyport = await startSallyport({
    servers: { plain: server, strict: server, open: server, labelled: server },
    documents: {
      strict: { results: { hidden: 'refuse' } },
      open: { results: { hidden: 'pass' } },
      labelled: { results: { label: true, links: 'defang' } },
    },
  });
});
afterAll(async () => {
  await sallyport?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function pay(server: string, args: object = { account: '1' }): Promise<string> {
  const client = new RawClient(sallyport.mcp(server), sallyport.token);
  await client.initialize();
  return (await client.call('pay', args)).messages.at(-1) ?? '';
}

const outcomeOf = async (server: string) =>
  (await sallyport.entries('call.outcome'))
    .filter((entry) => entry.server === server && entry.tool === 'pay')
    .at(-1);

describe('results', () => {
  it('are released without what hides in them, and the record says what was taken', async () => {
    expect(await pay('plain')).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"paid see https://evil.example/?q=1"}],"n":1.0}}',
    );
    expect(await outcomeOf('plain')).toMatchObject({ fields: { hygiene: { bidi: 1, tag: 2 } } });
  });

  it('that hide something are withheld where the document wants that', async () => {
    const { error } = JSON.parse(await pay('strict'));
    expect(error.data).toMatchObject({ reason: 'withheld', hygiene: 'hidden' });
    expect(await outcomeOf('strict')).toMatchObject({ outcome: { transport: 'withheld' } });
  });

  it('pass byte by byte where the document wants that', async () => {
    expect(await pay('open')).toBe(`{"jsonrpc":"2.0","id":1,"result":${RESULT}}`);
  });

  it('are labelled as untrusted, and their links defanged, where the document wants that', async () => {
    const { result } = JSON.parse(await pay('labelled'));
    expect(result._meta).toEqual({ 'sallyport/untrusted': true });
    expect(result.content[0].text).toBe('paid see hxxps://evil.example/?q=1');
    expect(await outcomeOf('labelled')).toMatchObject({ fields: { hygiene: { bidi: 1, tag: 2, link: 1 } } });
  });
});

describe('arguments', () => {
  it('that the pinned schema does not allow are told to the model, and not sent', async () => {
    const { result } = JSON.parse(await pay('plain', { account: 4711 }));
    expect(result).toMatchObject({
      isError: true,
      _meta: { 'sallyport/refused': { reason: 'invalid_arguments', outcome: 'not_sent' } },
    });
    expect(result.content[0].text).toContain('arguments/account must be string');
    const refused = (await sallyport.entries('call.refused')).at(-1);
    expect(refused).toMatchObject({
      tool: 'pay',
      fields: { reason: 'invalid_arguments', detail: 'arguments/account must be string' },
    });
    expect(JSON.stringify(refused)).not.toContain('4711');
    expect(
      (await sallyport.entries('call.intent')).filter(
        ({ tool, server }) => tool === 'pay' && server === 'plain',
      ),
    ).toHaveLength(1);
  });
});
