import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

let sallyport: Sallyport;
beforeAll(async () => {
  sallyport = await startSallyport({
    servers: { echo: echoServer() },
    policies: {
      use: 'permit (principal in Sallyport::Group::"engineers", action in Sallyport::Action::"use", resource in Sallyport::Server::"echo");',
      'no-crash':
        'forbid (principal, action == Sallyport::Action::"call", resource == Sallyport::Tool::"echo/crash");',
      'small-only':
        'forbid (principal, action == Sallyport::Action::"call", resource) when { context has arguments && context.arguments has amount && context.arguments.amount > 100 };',
    },
  });
});
afterAll(() => sallyport?.stop());

const legacy = async (token = sallyport.token) => {
  const client = new RawClient(sallyport.mcp('echo'), token);
  await client.initialize();
  return client;
};

describe('a governed call', () => {
  it('is recorded before it is sent and before its answer is released, by who, what and with which decision', async () => {
    const client = await legacy();
    const answer = await client.call('echo', { text: 'hello' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text).result.echo.params.arguments).toEqual({ text: 'hello' });

    const entries = (await sallyport.entries()).filter(
      (entry) => entry.session === client.sessionId && entry.method === 'tools/call',
    );
    expect(entries.map((entry) => entry.kind)).toEqual(['call.intent', 'call.outcome']);
    const [intent, outcome] = entries;
    expect(intent).toMatchObject({
      v: 1,
      actor: { kind: 'service-account', name: 'engineer' },
      server: 'echo',
      agent: 'test-agent',
      tool: 'echo',
      decision: { effect: 'allow', reasons: ['permitted'], policies: ['use'] },
      source: { ip: '127.0.0.1' },
    });
    expect(intent?.call).toBe(outcome?.call);
    expect(outcome).toMatchObject({ outcome: { transport: 'answered', rpc: 'result' } });
    expect(JSON.stringify(entries)).not.toContain('hello');
    expect(JSON.stringify(entries)).not.toContain(sallyport.token);
  });

  it('is denied by a forbid policy with reason and what to do, recorded, and the tool is not listed', async () => {
    const client = await legacy();
    const denied = JSON.parse((await client.call('crash')).text);
    expect(denied.error).toMatchObject({
      code: -32003,
      data: { reason: 'forbidden', policies: ['no-crash'], outcome: 'not_sent' },
    });
    expect(denied.error.message).toContain('Ask the security team');
    expect(denied.id).toBe(1);

    const listed = JSON.parse((await client.post('{"jsonrpc":"2.0","id":5,"method":"tools/list"}')).text);
    const names = listed.result.tools.map((tool: { name: string }) => tool.name);
    expect(names).toContain('echo');
    expect(names).not.toContain('crash');

    const deny = (await sallyport.entries('decision.deny')).find(
      (entry) => entry.session === client.sessionId,
    );
    expect(deny).toMatchObject({
      tool: 'crash',
      decision: { effect: 'deny', reasons: ['forbidden'], policies: ['no-crash'] },
    });
    const list = (await sallyport.entries('call.outcome')).find(
      (entry) => entry.session === client.sessionId && entry.method === 'tools/list',
    );
    expect(list?.fields).toEqual({ withheld: ['crash'] });
  });

  it('is decided on its arguments', async () => {
    const client = await legacy();
    expect(JSON.parse((await client.call('echo', { amount: 100 })).text).result).toBeDefined();
    expect(JSON.parse((await client.call('echo', { amount: 101 })).text).error.data.reason).toBe('forbidden');
    expect(
      JSON.parse(
        (
          await client.post(
            '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"amount":9007199254740993000}}}',
          )
        ).text,
      ).error.data.outcome,
    ).toBe('not_sent');
  });

  it('is denied by default: a principal that no policy names sees and calls nothing', async () => {
    const token = await sallyport.newToken('outsider', []);
    const client = new RawClient(sallyport.mcp('echo'), token);
    const answer = await client.initialize();
    expect(JSON.parse(answer.text).error.data.reason).toBe('no_permit');
    expect(client.sessionId).toBeUndefined();
  });
});

describe('who may ask', () => {
  it('challenges a stranger alike for every method, existing server or not, and records it', async () => {
    const before = (await sallyport.entries('auth.failure')).length;
    const stranger = new RawClient(sallyport.mcp('echo'), undefined);
    const nowhere = new RawClient(sallyport.mcp('nothing-here'), undefined);
    const statuses = [
      await stranger.post('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}'),
      await stranger.post('not json at all'),
      await nowhere.post('{}'),
    ];
    for (const answer of statuses) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(
        /^Bearer resource_metadata="http:\/\/127\.0\.0\.1:\d+\/\.well-known\/oauth-protected-resource\/mcp\/[a-z-]+"$/,
      );
    }
    expect((await fetch(sallyport.mcp('echo'))).status).toBe(401);
    expect((await stranger.delete()).status).toBe(401);
    expect((await sallyport.entries('auth.failure')).length).toBe(before + 5);
  });

  it('refuses a wrong, an altered and a revoked token with the same words', async () => {
    const token = await sallyport.newToken('short-lived', ['engineers']);
    const good = new RawClient(sallyport.mcp('echo'), token);
    await good.initialize();
    const texts: string[] = [];
    for (const bad of ['nonsense', `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`]) {
      const answer = await new RawClient(sallyport.mcp('echo'), bad).post(
        '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      );
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
      texts.push(answer.text);
    }
    const { body } = await sallyport.api('GET', '/tokens');
    // Cast: the API's own shape.
    const info = (body.items as { id: string; serviceAccount: string }[]).find(
      (each) => each.serviceAccount === 'short-lived',
    );
    await sallyport.api('DELETE', `/tokens/${info?.id}`);
    const revoked = await good.call('echo');
    expect(revoked.status).toBe(401);
    expect(new Set([...texts, revoked.text]).size).toBe(1);
  });

  it('serves the metadata the challenge names', async () => {
    const answer = await fetch(`${sallyport.url}/.well-known/oauth-protected-resource/mcp/echo`);
    expect(await answer.json()).toMatchObject({
      resource: `${sallyport.url}/mcp/echo`,
      bearer_methods_supported: ['header'],
    });
  });

  it("does not let one principal use another's session, and tells it nothing", async () => {
    const mine = await legacy();
    const other = new RawClient(sallyport.mcp('echo'), await sallyport.newToken('neighbour', ['engineers']));
    other.sessionId = mine.sessionId;
    const stolen = await other.call('echo');
    other.sessionId = 'ses_00000000000000000000';
    const invented = await other.call('echo');
    expect([stolen.status, invented.status]).toEqual([404, 404]);
    expect(stolen.text).toBe(invented.text);
    expect((await mine.call('echo')).status).toBe(200);
  });
});

describe('the door', () => {
  it('answers an unknown server with 404, once it knows who asks', async () => {
    expect((await new RawClient(sallyport.mcp('no-such'), sallyport.token).initialize()).status).toBe(404);
  });

  it('refuses other hosts and sites', async () => {
    const client = new RawClient(sallyport.mcp('echo'), sallyport.token);
    expect((await client.post('{}', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await client.post('{}', { origin: 'null' })).status).toBe(403);
  });

  it('asks for the media types MCP demands, and for plain bodies', async () => {
    const client = new RawClient(sallyport.mcp('echo'), sallyport.token);
    expect((await client.post('{}', { accept: 'application/json' })).status).toBe(406);
    expect((await client.post('{}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await client.post('{}', { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await fetch(sallyport.mcp('echo'), { method: 'PUT' })).status).toBe(405);
  });

  const malformed: [string, string | Uint8Array, number][] = [
    ['no JSON', 'hello', -32700],
    [
      'a duplicate member',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"crash"}}',
      -32700,
    ],
    [
      'nesting of 65',
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(63)}${']'.repeat(63)}}}`,
      -32700,
    ],
    ['a lone surrogate', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\\ud800"}}', -32700],
    [
      'invalid UTF-8',
      Buffer.concat([
        Buffer.from('{"jsonrpc":"2.0","id":1,"method":"'),
        Buffer.from([0xff]),
        Buffer.from('"}'),
      ]),
      -32700,
    ],
    ['a byte order mark', '\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}', -32700],
    ['no JSON-RPC', '{"id":1,"method":"ping"}', -32600],
    ['an id of null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
  ];
  for (const [what, body, code] of malformed) {
    it(`refuses ${what} with the protocol's own error`, async () => {
      const client = await legacy();
      const answer = await client.post(body);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text).error.code).toBe(code);
    });
  }

  it('refuses what is too large before it has read it', async () => {
    const client = await legacy();
    const answer = await client.call('echo', { text: 'x'.repeat(4 * 1024 * 1024) });
    expect(answer.status).toBe(413);
  });

  it('refuses methods that are not listed, and requests without an id', async () => {
    const client = await legacy();
    expect(
      JSON.parse((await client.post('{"jsonrpc":"2.0","id":1,"method":"tools/destroy"}')).text).error.code,
    ).toBe(-32601);
    expect(
      JSON.parse((await client.post('{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}')).text)
        .error.code,
    ).toBe(-32601);
    expect(
      JSON.parse((await client.post('{"jsonrpc":"2.0","id":1,"method":"tasks/list"}')).text).error.message,
    ).toContain('tasks');
  });

  it('refuses names that could be read in two ways', async () => {
    const client = await legacy();
    for (const name of ['echo ', 'ECHO\u0000', 'есho', '../echo']) {
      expect(JSON.parse((await client.call(name)).text).error.code).toBe(-32602);
    }
    for (const uri of ['file:///a/../etc/passwd', 'file:///a/%2e%2e/etc', 'file:///a\\b', 'file:///a%00']) {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri } });
      expect(JSON.parse((await client.post(body)).text).error.code).toBe(-32602);
    }
  });
});
