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
    const { body } = await sallyport.api('GET', '/masking/statistics?server=echo&rule=PCI');
    expect(body.items).toContainEqual(
      expect.objectContaining({ rule: 'PCI', entity: 'PAN', detector: 'pan', at: 'agent', count: 1 }),
    );
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

describe('masking rules as documents', () => {
  const apply = (...documents: object[]) => sallyport.api('POST', '/apply', { documents });
  const rule = (name: string, spec: object) => ({ kind: 'MaskingRule', name, spec });

  it('are refused with the reason and the place where they can not be kept', async () => {
    const bad = [
      rule('look', { match: { pattern: 'a(?=b)' }, entity: 'X', action: 'redact' }),
      rule('empty', { match: { pattern: 'a*' }, entity: 'X', action: 'redact' }),
      rule('all', { match: { pattern: '.+' }, entity: 'X', action: 'redact' }),
      rule('none', { match: {}, entity: 'X', action: 'redact' }),
      rule('nameless', { match: { keys: ['customer'] }, action: 'redact' }),
      rule('PCI', { match: { profile: 'PCI' }, action: 'redact' }),
    ];
    const { status, body } = await apply(...bad);
    expect(status).toBe(422);
    // Cast: the API's own shape.
    const problems = body.problems as { name: string; path: string; message: string }[];
    const of = (name: string) => problems.find((problem) => problem.name === name);
    expect(of('look')).toMatchObject({ path: 'match.pattern', message: expect.stringContaining('not RE2') });
    expect(of('empty')).toMatchObject({
      path: 'match.pattern',
      message: expect.stringContaining('empty string'),
    });
    expect(of('all')).toMatchObject({ path: 'match.pattern', message: expect.stringContaining('any text') });
    expect(of('none')).toMatchObject({ path: 'match' });
    expect(of('nameless')).toMatchObject({ path: 'entity' });
    expect(of('PCI')).toMatchObject({ path: 'name' });
  });

  it('hold for the servers, tools, groups and directions they name, from the next message on', async () => {
    const client = await legacy();
    const args = async (given: object) => {
      const { text } = await client.call('echo', given);
      return JSON.parse(text);
    };
    expect((await args({ mail: 'jane@example.org' })).result.echo.params.arguments.mail).toBe(
      'jane@example.org',
    );
    const { status } = await apply(
      rule('mails', {
        match: { detectors: ['email'] },
        action: 'redact',
        label: 'MAIL',
        scope: { tools: ['ec*'], groups: ['engineers'] },
      }),
      rule('ids-to-server', {
        match: { pattern: 'CUST-[0-9]{4}' },
        entity: 'CUSTOMER',
        action: 'redact',
        scope: { servers: ['echo'], direction: 'to-server' },
      }),
      rule('no-keys', {
        match: { keys: ['secretPlan'] },
        entity: 'PLAN',
        action: 'refuse',
        scope: { direction: 'to-server' },
      }),
    );
    expect(status).toBe(200);
    const answer = await args({ mail: 'jane@example.org', id: 'CUST-1234' });
    // The server echoes what it was sent: it was sent the masked id.
    expect(answer.result.echo.params.arguments).toEqual({ mail: '[MAIL]', id: '[CUSTOMER]' });
    const intent = (await sallyport.entries('call.intent')).at(-1);
    expect(intent?.fields).toMatchObject({
      findings: [{ rule: 'ids-to-server', entity: 'CUSTOMER', count: 1 }],
    });
    const refused = await args({ secretPlan: 'x' });
    expect(refused.error.data).toMatchObject({
      reason: 'masking_refused',
      outcome: 'not_sent',
      rule: 'no-keys',
    });
    expect((await sallyport.entries('call.refused')).at(-1)?.fields).toMatchObject({
      reason: 'masking_refused',
    });
  });
});
