import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

const IBAN = 'GB82WEST12345698765432';
const PAN = '4111111111111111';

let sallyport: Sallyport;
beforeAll(async () => {
  sallyport = await startSallyport({
    servers: { echo: echoServer(), other: echoServer() },
    documents: { echo: { masking: { restore: { tools: ['slow'] } } } },
  });
  const rule = {
    kind: 'MaskingRule',
    name: 'accounts',
    spec: { match: { detectors: ['iban'] }, action: 'token', scope: { tools: ['echo'] } },
  };
  const applied = await sallyport.api('POST', '/apply', { documents: [rule] });
  expect(applied.status, JSON.stringify(applied.body)).toBe(200);
});
afterAll(() => sallyport?.stop());

async function begin(server = 'echo'): Promise<RawClient> {
  const client = new RawClient(sallyport.mcp(server), sallyport.token);
  await client.initialize();
  return client;
}

async function tokenOf(client: RawClient): Promise<string> {
  const { text } = await client.call('echo', { account: IBAN });
  expect(text).not.toContain(IBAN);
  return /\[IBAN:t:[A-Za-z]+\]/.exec(text)?.[0] ?? 'no token';
}

describe('masking at the agent', () => {
  it('takes values out before they leave the network: the gateway finds nothing more', async () => {
    const client = await begin();
    expect((await client.call('echo', { card: PAN })).text).not.toContain(PAN);
    const outcome = (await sallyport.entries('call.outcome')).at(-1);
    expect(outcome).toMatchObject({ response: { findings: { PCI: 1 } } });
    expect(JSON.stringify(outcome?.fields)).toContain('"agent"');
    expect(await sallyport.entries('masking.missed')).toEqual([]);
  });

  it('lets an AI agent work with a value that it never sees: the server gets the real one', async () => {
    const client = await begin();
    const token = await tokenOf(client);
    expect(token).toMatch(/^\[IBAN:t:/);
    // The same value is the same token, in another session too.
    expect(await tokenOf(await begin())).toBe(token);
    // The rule is about "echo" alone, so what "slow" says shows what the server was given.
    expect((await client.call('slow', { ms: 1, account: token })).text).toContain(IBAN);
    const entries = JSON.stringify(await sallyport.entries());
    expect(entries).not.toContain(IBAN);
    expect(entries).toContain('"rule":"restore"');
  });

  it('passes no token through that is unknown, or where the rules do not let it be turned back', async () => {
    const client = await begin();
    const token = await tokenOf(client);
    const unknown = JSON.parse((await client.call('slow', { ms: 1, account: '[IBAN:t:AbcdefghijkL]' })).text);
    expect(unknown.error).toMatchObject({ data: { outcome: 'not_sent' } });
    const elsewhere = await begin('other');
    const refused = JSON.parse((await elsewhere.call('slow', { ms: 1, account: token })).text);
    expect(refused.error).toMatchObject({ data: { outcome: 'not_sent' } });
    expect(
      (await sallyport.entries('call.outcome'))
        .filter(({ tool }) => tool === 'slow')
        .slice(-2)
        .map(({ outcome }) => outcome),
    ).toMatchObject([{ transport: 'not_sent' }, { transport: 'not_sent' }]);
  });
});
