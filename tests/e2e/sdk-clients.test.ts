import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedProcess, startProcess } from '../conformance/processes.ts';
import { echoServer, type Sallyport, startSallyport } from '../framework/index.ts';
import { connectLegacyClient, connectModernClient, textOf } from '../framework/sdk-clients.ts';

const program = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const LEGACY = program('../framework/servers/legacy-sdk.ts');
const FIXTURE = program('../conformance/fixture/stdio.ts');
const FIXTURE_HTTP = program('../conformance/fixture/http.ts');

// The official SDKs' clients and servers, at both ends of Sallyport, over every transport a server may have.
let sallyport: Sallyport;
const started: StartedProcess[] = [];
let legacyUrls: Record<string, string> = {};

async function startServer(file: string, args: string[] = []): Promise<string> {
  const server = await startProcess({
    name: file,
    command: process.execPath,
    args: [file, ...args],
    ready: /^http:/,
  });
  started.push(server);
  return server.readyLine.trim();
}

beforeAll(async () => {
  const [http, sse, fixture] = await Promise.all([
    startServer(LEGACY, ['http']),
    startServer(LEGACY, ['sse']),
    startServer(FIXTURE_HTTP),
  ]);
  legacyUrls = { 'legacy-http': http, 'legacy-sse': sse };
  sallyport = await startSallyport({
    servers: {
      'legacy-stdio': { transport: 'stdio', command: [process.execPath, LEGACY, 'stdio'] },
      'legacy-http': { transport: 'http', url: http },
      'legacy-sse': { transport: 'sse', url: sse },
      'both-stdio': { transport: 'stdio', command: [process.execPath, FIXTURE] },
      'both-http': { transport: 'http', url: fixture },
      echo: echoServer(),
    },
    probeMs: 60_000,
  });
}, 120_000);
afterAll(async () => {
  await sallyport?.stop();
  for (const each of started) await each.stop();
});

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    if (await what()) return;
    await sleep(50);
  }
  throw new Error('it did not come to be');
}

const sessionsAt = async (server: string) =>
  Number(await (await fetch(new URL('/sessions', legacyUrls[server]))).text());

describe.each(['legacy-stdio', 'legacy-http', 'legacy-sse'])('the legacy client and %s', (server) => {
  let connected: Awaited<ReturnType<typeof connectLegacyClient>>;
  beforeAll(async () => {
    connected = await connectLegacyClient(sallyport.mcp(server), sallyport.token);
  });
  afterAll(() => connected?.client.close());
  const call = async (name: string, args: Record<string, unknown> = {}) =>
    textOf(await connected.client.callTool({ name, arguments: args }));

  it('agree on who they are, and list and call tools', async () => {
    const { client } = connected;
    expect(client.getServerVersion()).toMatchObject({ name: 'legacy-sdk' });
    expect((await client.listTools()).tools.map((tool) => tool.name)).toContain('say');
    expect(await call('say', { words: 'plain é 1.0' })).toBe('plain é 1.0');
    expect(await client.ping()).toEqual({});
    expect((await client.callTool({ name: 'say', arguments: { words: 7 } })).isError).toBe(true);
  });

  it('read resources, get prompts and complete', async () => {
    const { client } = connected;
    expect((await client.listResources()).resources.map((each) => each.uri)).toEqual(['test://text']);
    expect((await client.readResource({ uri: 'test://text' })).contents[0]).toMatchObject({
      text: 'the text of the resource',
    });
    expect((await client.listPrompts()).prompts.map((each) => each.name)).toEqual(['greet']);
    const { messages } = await client.getPrompt({ name: 'greet', arguments: { city: 'Rome' } });
    expect(messages[0]?.content).toMatchObject({ text: 'Hello, Rome' });
    const ref = { type: 'ref/prompt' as const, name: 'greet' };
    const { completion } = await client.complete({ ref, argument: { name: 'city', value: 'par' } });
    expect(completion.values).toEqual(['paris', 'park']);
  });

  it('report progress and log', async () => {
    const { client, heard } = connected;
    await client.setLoggingLevel('debug');
    const steps: number[] = [];
    const result = await client.callTool({ name: 'report' }, undefined, {
      onprogress: ({ progress }) => steps.push(progress),
    });
    expect(textOf(result)).toBe('reported');
    await until(() => heard.logs.length >= 3);
    expect([steps, heard.logs]).toEqual([
      [1, 2, 3],
      ['step 1', 'step 2', 'step 3'],
    ]);
  });

  it('let the server ask: a sample, an elicitation, the roots', async () => {
    expect(await call('sample')).toBe('a sampled word');
    expect(await call('elicit')).toMatch(/^accept .*"name":"N"/);
    expect(await call('roots')).toBe('file:///home/engineer');
    await connected.client.sendRootsListChanged();
  });

  it('hear of changes over the GET stream', async () => {
    const { heard } = connected;
    // A server drops what it says while nobody listens, and the stream is opened when it is opened.
    await until(async () => {
      await call('change');
      await sleep(20);
      return heard.toolChanges > 0;
    });
  });

  it('cancel: the server hears it, and the client does not wait', async () => {
    const leaving = new AbortController();
    const before = Number(await call('cancelled'));
    const waiting = connected.client.callTool({ name: 'wait' }, undefined, { signal: leaving.signal });
    await sleep(200);
    leaving.abort('enough');
    await expect(waiting).rejects.toThrow('enough');
    await until(async () => Number(await call('cancelled')) === before + 1);
    await until(async () =>
      (await sallyport.entries('call.outcome')).some(
        (entry) =>
          entry.session === connected.transport.sessionId &&
          JSON.stringify(entry.outcome) === '{"transport":"cancelled"}',
      ),
    );
  });

  it('end the session by DELETE, at the server too', async () => {
    const { client, transport } = await connectLegacyClient(sallyport.mcp(server), sallyport.token);
    const id = transport.sessionId;
    const before = server === 'legacy-stdio' ? 0 : await sessionsAt(server);
    await transport.terminateSession();
    await client.close();
    const raw = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const after = await fetch(sallyport.mcp(server), {
      method: 'POST',
      headers: { ...raw, authorization: `Bearer ${sallyport.token}`, 'mcp-session-id': id ?? '' },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    expect(after.status).toBe(404);
    await until(async () => (await sallyport.entries('session.end')).some((entry) => entry.session === id));
    if (server !== 'legacy-stdio') await until(async () => (await sessionsAt(server)) === before - 1);
  });
});

describe.each(['legacy-stdio', 'legacy-http', 'legacy-sse'])('the client of both eras and %s', (server) => {
  it('find that the server is of before: the probe is refused, and it falls back', async () => {
    const { client, heard } = await connectModernClient(sallyport.mcp(server), sallyport.token, 'auto');
    expect(client.getProtocolEra()).toBe('legacy');
    expect((await client.listTools()).tools.map((tool) => tool.name)).toContain('say');
    expect(textOf(await client.callTool({ name: 'say', arguments: { words: 'x' } }))).toBe('x');
    expect(textOf(await client.callTool({ name: 'sample', arguments: {} }))).toBe('a sampled word');
    await until(async () => {
      await client.callTool({ name: 'change', arguments: {} });
      await sleep(20);
      return heard.toolChanges > 0;
    });
    await client.close();
  });

  it('do not meet where the client insists on the new era, and say so', async () => {
    await expect(
      connectModernClient(sallyport.mcp(server), sallyport.token, { pin: '2026-07-28' }),
    ).rejects.toThrow();
  });
});

describe.each(['both-stdio', 'both-http'])('the client of both eras and %s', (server) => {
  let connected: Awaited<ReturnType<typeof connectModernClient>>;
  beforeAll(async () => {
    connected = await connectModernClient(sallyport.mcp(server), sallyport.token, 'auto');
  });
  afterAll(() => connected?.client.close());
  const call = async (name: string, args: Record<string, unknown> = {}) =>
    textOf(await connected.client.callTool({ name, arguments: args }));

  it('meet in the new era', async () => {
    const { client, transport } = connected;
    expect([client.getProtocolEra(), client.getNegotiatedProtocolVersion()]).toEqual([
      'modern',
      '2026-07-28',
    ]);
    expect(transport.sessionId).toBeUndefined();
    expect((await client.discover()).supportedVersions).toContain('2026-07-28');
  });

  it('list and call tools, read resources, get prompts, complete', async () => {
    const { client } = connected;
    expect((await client.listTools()).tools.map((tool) => tool.name)).toContain('test_simple_text');
    expect(await call('test_simple_text')).toContain('simple text');
    expect((await client.listResources()).resources.length).toBeGreaterThan(1);
    expect((await client.readResource({ uri: 'test://template/7/data' })).contents[0]).toMatchObject({
      uri: 'test://template/7/data',
    });
    const prompt = { name: 'test_prompt_with_arguments', arguments: { arg1: 'paris', arg2: 'x' } };
    expect(JSON.stringify(await client.getPrompt(prompt))).toContain("arg1='paris'");
    const ref = { type: 'ref/prompt' as const, name: 'test_prompt_with_arguments' };
    const { completion } = await client.complete({ ref, argument: { name: 'arg1', value: 'par' } });
    expect(completion.values).toEqual(['paris', 'park', 'party']);
  });

  it('repeat arguments in headers', async () => {
    await connected.client.listTools();
    expect(await call('test_custom_headers', { region: 'Zürich', priority: 3, verbose: true })).toContain(
      'Zürich',
    );
  });

  it('report progress and log', async () => {
    const { client, heard } = connected;
    const steps: number[] = [];
    await client.callTool(
      { name: 'test_tool_with_progress', arguments: {} },
      { onprogress: ({ progress }) => steps.push(progress) },
    );
    expect(steps).toEqual([0, 50, 100]);
    await client.callTool({
      name: 'test_tool_with_logging',
      arguments: {},
      _meta: { 'io.modelcontextprotocol/logLevel': 'debug' },
    });
    await until(() => heard.logs.length === 3);
  });

  it('let the server ask by input_required, once, thrice and in rounds', async () => {
    expect(await call('test_input_required_result_elicitation')).toBe('Hello, N!');
    expect(await call('test_input_required_result_sampling')).toContain('a sampled word');
    expect(await call('test_input_required_result_list_roots')).toContain('file:///home/engineer');
    expect(await call('test_input_required_result_multiple_inputs')).toBe('All three given');
    expect(await call('test_input_required_result_request_state')).toBe('state-ok');
    expect(await call('test_input_required_result_multi_round')).toBe('Both questions answered');
  });

  it('hear of changes over subscriptions/listen until it is closed', async () => {
    const { client, heard } = connected;
    const subscription = await client.listen({ toolsListChanged: true });
    expect(subscription.honoredFilter).toEqual({ toolsListChanged: true });
    await call('test_trigger_tool_change');
    await until(() => heard.toolChanges > 0);
    await subscription.close();
    expect(await subscription.closed).toBe('local');
    const heardUntilThen = heard.toolChanges;
    await call('test_trigger_tool_change');
    await call('test_simple_text');
    expect(heard.toolChanges).toBe(heardUntilThen);
  });
});

describe('the client of both eras', () => {
  it('speaks the old era to a server of both where it is told to', async () => {
    const { client, transport } = await connectModernClient(
      sallyport.mcp('both-http'),
      sallyport.token,
      'legacy',
    );
    expect([client.getProtocolEra(), transport.sessionId]).toEqual([
      'legacy',
      expect.stringMatching(/^ses_/),
    ]);
    expect(textOf(await client.callTool({ name: 'test_sampling', arguments: { prompt: 'x' } }))).toContain(
      'a sampled word',
    );
    await transport.terminateSession();
    await client.close();
  });

  it('cancels by closing its stream', async () => {
    const { client } = await connectModernClient(sallyport.mcp('echo'), sallyport.token, {
      pin: '2026-07-28',
    });
    const leaving = new AbortController();
    const waiting = client.callTool({ name: 'slow', arguments: { ms: 60_000 } }, { signal: leaving.signal });
    await sleep(300);
    leaving.abort('enough');
    await expect(waiting).rejects.toThrow('enough');
    await until(async () =>
      (await sallyport.entries('call.outcome')).some(
        (entry) => entry.tool === 'slow' && JSON.stringify(entry.outcome) === '{"transport":"cancelled"}',
      ),
    );
    await client.close();
  });
});
