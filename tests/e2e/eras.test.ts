import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echoServer, modernRequest, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

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

describe('legacy sessions', () => {
  it('need their id, and end by DELETE', async () => {
    const client = await legacy();
    const { sessionId } = client;
    client.sessionId = undefined;
    expect((await client.call('echo')).status).toBe(400);
    client.sessionId = sessionId;
    expect((await client.delete()).status).toBe(200);
    expect((await client.call('echo')).status).toBe(404);
    const kinds = (await sallyport.entries())
      .filter((entry) => entry.session === sessionId)
      .map((entry) => entry.kind);
    expect(kinds[0]).toBe('session.start');
    expect(kinds).toContain('session.end');
  });

  it('refuse a revision they do not speak', async () => {
    const client = await legacy();
    client.version = '2024-01-01';
    expect((await client.call('echo')).status).toBe(400);
  });

  it('refuse a second request under an id that is under way', async () => {
    const client = await legacy();
    const [slow, second] = await Promise.all([
      client.call('slow', { ms: 300 }, 7),
      new Promise((resolve) => setTimeout(resolve, 100)).then(() => client.call('echo', {}, 7)),
    ]);
    expect(slow.status).toBe(200);
    expect(second.status).toBe(400);
  });

  it('take batches in revision 2025-03-26 only, and decide each element', async () => {
    const batch =
      '[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"crash"}}]';
    const client = await legacy();
    expect((await client.post(batch)).status).toBe(400);
  });
});

describe('modern requests', () => {
  const client = () => new RawClient(sallyport.mcp('echo'), sallyport.token);

  it('need no session, and are recorded in one', async () => {
    const answer = await client().modern('tools/call', { name: 'echo', arguments: { x: 1 } }, 'a');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('mcp-session-id')).toBeNull();
    expect(JSON.parse(answer.text)).toMatchObject({
      id: 'a',
      result: { echo: { params: { arguments: { x: 1 } } } },
    });
    expect(
      (await sallyport.entries('session.start')).some((entry) =>
        JSON.stringify(entry.fields).includes('modern'),
      ),
    ).toBe(true);
  });

  it('must agree with their headers', async () => {
    const { body, headers } = modernRequest('tools/call', { name: 'echo' }, 1);
    const cases: [Record<string, string>, number, number][] = [
      [{ ...headers, 'mcp-name': 'crash' }, 400, -32020],
      [{ ...headers, 'mcp-method': 'tools/list' }, 400, -32020],
      [{ ...headers, 'mcp-method': 'TOOLS/CALL' }, 400, -32020],
      [{ ...headers, 'mcp-protocol-version': '2025-11-25' }, 400, -32020],
      [{ ...headers, 'mcp-name': '=?base64?ZWNobw?=' }, 400, -32020],
      [{ ...headers, 'mcp-name': '=?base64?ZWNobw==?=' }, 200, 0],
      [{ 'mcp-protocol-version': '2026-07-28', 'mcp-name': 'echo' }, 400, -32020],
    ];
    for (const [given, status, code] of cases) {
      const answer = await client().post(body, given);
      expect([answer.status, JSON.parse(answer.text).error?.code ?? 0]).toEqual([status, code]);
    }
  });

  it('must carry their _meta', async () => {
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' };
    const answer = await client().post('{"jsonrpc":"2.0","id":1,"method":"tools/list"}', headers);
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([400, -32602]);
  });

  it('are told which revisions there are', async () => {
    const { body, headers } = modernRequest(
      'tools/list',
      { _meta: { 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } },
      1,
    );
    const answer = await client().post(body, { ...headers, 'mcp-protocol-version': '2099-01-01' });
    expect([answer.status, JSON.parse(answer.text).error]).toMatchObject([
      400,
      { code: -32022, data: { supported: ['2026-07-28'] } },
    ]);
  });

  it('get 404 for a method that is not there, and 405 for GET and DELETE', async () => {
    const answer = await client().modern('initialize');
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([404, -32601]);
    const headers = client().headers({ 'mcp-protocol-version': '2026-07-28', accept: 'text/event-stream' });
    expect((await fetch(sallyport.mcp('echo'), { headers })).status).toBe(405);
  });

  it('may share an id: each is answered by its own server process', async () => {
    const one = client();
    const [first, second] = await Promise.all([
      one.modern('tools/call', { name: 'slow', arguments: { ms: 300 } }, 1),
      new Promise((resolve) => setTimeout(resolve, 100)).then(() =>
        one.modern('tools/call', { name: 'echo', arguments: { n: 2 } }, 1),
      ),
    ]);
    expect(first.status).toBe(200);
    expect(JSON.parse(second.text).result.echo.params.arguments).toEqual({ n: 2 });
  });
});
