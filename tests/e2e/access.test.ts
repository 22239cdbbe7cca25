import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

let sallyport: Sallyport;
beforeAll(async () => {
  sallyport = await startSallyport({
    servers: { echo: echoServer() },
    policies: {
      connect:
        'permit (principal in Sallyport::Group::"engineers", action == Sallyport::Action::"connect", resource);',
      'with-a-grant':
        'permit (principal in Sallyport::Group::"engineers", action == Sallyport::Action::"call", resource == Sallyport::Tool::"echo/echo") when { context has grant };',
      'may-ask':
        'permit (principal in Sallyport::Group::"engineers", action == Sallyport::Action::"request", resource == Sallyport::Server::"echo") when { context.arguments has minutes && context.arguments.minutes <= 60 };',
      'always-slow':
        'permit (principal in Sallyport::Group::"engineers", action == Sallyport::Action::"call", resource == Sallyport::Tool::"echo/slow");',
    },
  });
});
afterAll(() => sallyport?.stop());

async function begin(token = sallyport.token): Promise<RawClient> {
  const client = new RawClient(sallyport.mcp('echo'), token);
  await client.initialize();
  return client;
}

async function tools(client: RawClient): Promise<string[]> {
  const answer = await client.post('{"jsonrpc":"2.0","id":7,"method":"tools/list"}');
  // Cast: the answer of tools/list.
  return (JSON.parse(answer.text).result.tools as { name: string }[]).map(({ name }) => name);
}

async function apply(...documents: object[]): Promise<void> {
  const answer = await sallyport.api('POST', '/apply', { documents });
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
}

const reason = 'Look into an incident of today';

describe('request_access', () => {
  it('is offered to whom policy lets ask, grants at once, and what it grants can be called and nothing else', async () => {
    const client = await begin();
    expect(await tools(client)).toContain('request_access');
    expect(await tools(client)).not.toContain('echo');
    expect(JSON.parse((await client.call('echo', { amount: 1 })).text).error).toMatchObject({ code: -32003 });

    const limits = [{ argument: 'amount', max: '100' }];
    const asked = JSON.parse(
      (await client.call('request_access', { reason, tools: ['echo'], limits, ticket: 'INC-7' })).text,
    );
    expect(asked.result.isError).toBe(false);
    expect(asked.result.structuredContent).toMatchObject({ state: 'active' });
    const { grant } = asked.result.structuredContent;

    expect(await tools(client)).toContain('echo');
    expect(JSON.parse((await client.call('echo', { amount: 100 })).text).result).toBeDefined();
    expect(JSON.parse((await client.call('echo', { amount: 101 })).text).error).toMatchObject({
      code: -32003,
    });
    const intents = await sallyport.entries('call.intent');
    expect(intents.at(-1)).toMatchObject({ tool: 'echo', grant });
    expect((await sallyport.entries('grant.issued')).at(-1)).toMatchObject({
      grant,
      fields: { ticket: 'INC-7' },
    });
    expect((await sallyport.entries('call.gateway')).at(-1)).toMatchObject({ tool: 'request_access', grant });
  });

  it('may be the first thing a modern client asks: its session is recorded like any other', async () => {
    const token = await sallyport.newToken('modern', ['engineers']);
    const client = new RawClient(sallyport.mcp('echo'), token);
    const call = (name: string, args: object, id: number) =>
      client.modern('tools/call', { name, arguments: args }, id);
    const asked = JSON.parse((await call('request_access', { reason, tools: ['echo'] }, 1)).text);
    expect(asked.result).toMatchObject({ resultType: 'complete', structuredContent: { state: 'active' } });
    expect(JSON.parse((await call('echo', { amount: 1 }, 2)).text).result).toBeDefined();
    const mine = (await sallyport.entries()).filter(
      (entry) => (entry.actor as { name?: string })?.name === 'modern',
    );
    const kinds = mine.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'session.start')).toHaveLength(1);
    expect(kinds.indexOf('session.start')).toBeLessThan(kinds.indexOf('call.intent'));
    expect(mine.find(({ kind }) => kind === 'call.gateway')).toMatchObject({
      request: { commit: expect.any(String) },
    });
  });

  it('says what is wrong, and that nothing was asked for', async () => {
    const client = await begin();
    for (const [args, words] of [
      [{}, /reason is needed/],
      [{ reason, minutes: 61 }, /No policy lets/],
      [{ reason, minutes: 100_000 }, /lasts from/],
      [{ reason, tool: 'echo' }, /"tool" is not one of request_access/],
      [{ reason, limits: [{ argument: 'a', max: 5 }] }, /"limits"/],
    ] as const) {
      const { result } = JSON.parse((await client.call('request_access', args)).text);
      expect(result.isError).toBe(true);
      expect(result.content[0].text).toMatch(words);
    }
  });

  it('is not shown to others, and their asking is denied', async () => {
    await apply(
      { kind: 'Group', name: 'guests', spec: {} },
      {
        kind: 'Policy',
        name: 'guests-connect',
        spec: {
          cedar:
            'permit (principal in Sallyport::Group::"guests", action == Sallyport::Action::"connect", resource);',
        },
      },
    );
    const client = await begin(await sallyport.newToken('guest', ['guests']));
    expect(await tools(client)).toEqual([]);
    const { result } = JSON.parse((await client.call('request_access', { reason })).text);
    expect(result).toMatchObject({ isError: true });
  });

  it('a grant of one use lets one of many calls through, and the server counts one', async () => {
    const client = await begin(await sallyport.newToken('one-shot', ['engineers']));
    await client.call('request_access', { reason, tools: ['echo'], uses: 1 });
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => client.call('echo', { n }, 100 + n)),
    );
    expect(answers.filter(({ text }) => JSON.parse(text).result !== undefined)).toHaveLength(1);
  });
});

describe('limits', () => {
  it('stop the call that is too many before it is sent, say when to come back, and give back what was not sent', async () => {
    await apply({
      kind: 'Limit',
      name: 'slow-is-rare',
      spec: { tools: ['slow'], calls: { max: 2, seconds: 3600 } },
    });
    const client = await begin();
    const slow = (id: number) => client.call('slow', { ms: 1 }, id);
    expect(JSON.parse((await slow(1)).text).result).toBeDefined();
    expect(JSON.parse((await slow(2)).text).result).toBeDefined();
    const third = JSON.parse((await slow(3)).text);
    expect(third.error).toMatchObject({
      code: -32009,
      data: { reason: 'limit', limit: 'slow-is-rare', outcome: 'not_sent' },
    });
    expect(third.error.data.retryAfterSeconds).toBeGreaterThan(0);
    expect((await sallyport.entries('call.refused')).at(-1)).toMatchObject({
      tool: 'slow',
      fields: { reason: 'limit' },
    });
  });

  it('a document that limits nothing is refused', async () => {
    const answer = await sallyport.api('POST', '/apply', {
      documents: [{ kind: 'Limit', name: 'nothing', spec: {} }],
    });
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).toContain('calls, concurrent or budget');
  });
});
