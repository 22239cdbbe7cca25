import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

const PAN = '4111 1111 1111 1111';
const KEY = 'AKIAIOSFODNN7EXAMPLE';

let sallyport: Sallyport;
beforeAll(async () => {
  sallyport = await startSallyport({ servers: { echo: echoServer() } });
});
afterAll(() => sallyport?.stop());

const legacy = async () => {
  const client = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await client.initialize();
  return client;
};

describe('masking where no document says anything', () => {
  it('takes card numbers and secrets out of answers, and the record says what was taken, not the value', async () => {
    const client = await legacy();
    const { text } = await client.call('echo', { card: PAN, key: KEY, mail: 'jane@example.org' });
    expect(text).not.toContain('1111');
    expect(text).not.toContain(KEY);
    expect(text).toContain('jane@example.org');
    expect(JSON.parse(text).result.echo.params.arguments).toEqual({
      card: '[PAN]',
      key: '[CLOUD_KEY]',
      mail: 'jane@example.org',
    });
    const outcome = (await sallyport.entries('call.outcome')).find(
      (entry) => entry.session === client.sessionId && entry.method === 'tools/call',
    );
    expect(outcome).toMatchObject({ response: { findings: { PCI: 1, secrets: 1 } } });
    expect(outcome?.fields).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({ rule: 'PCI', detector: 'pan', entity: 'PAN', count: 1 }),
      ]),
    });
    expect(JSON.stringify(await sallyport.entries())).not.toContain('4111');
  });

  it('reads what comes before the answer as one text with it: a value split over two messages does not pass', async () => {
    const client = await legacy();
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: 'notify',
        arguments: { count: 3, text: '4111 1111 1111 1111' },
        _meta: { progressToken: 'p' },
      },
    });
    const answer = await client.post(body);
    expect(answer.messages).toHaveLength(7);
    expect(answer.text).not.toContain('1111');
  });
});
