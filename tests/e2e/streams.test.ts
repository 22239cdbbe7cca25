import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echoServer, modernRequest, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

let sallyport: Sallyport;
const counter = join(tmpdir(), `sallyport-counter-${process.pid}`);
beforeAll(async () => {
  sallyport = await startSallyport({ servers: { echo: echoServer({ ECHO_COUNTER: counter }) } });
});
afterAll(async () => {
  await sallyport?.stop();
  await rm(counter, { force: true });
});

async function legacy(): Promise<RawClient> {
  const client = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await client.initialize();
  return client;
}

const outcomesOf = async (session: string | undefined, method = 'tools/call') =>
  (await sallyport.entries('call.outcome')).filter(
    (entry) => entry.session === session && entry.method === method,
  );

async function until<T>(what: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 100; i += 1) {
    const found = await what();
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error('it did not come to be');
}

describe('what comes before the answer', () => {
  it('arrives in order, each recorded before it is released', async () => {
    const client = await legacy();
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'notify', arguments: { count: 20 }, _meta: { progressToken: 'p' } },
    });
    const answer = await client.post(body);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const messages = answer.messages.map((text) => JSON.parse(text));
    expect(messages).toHaveLength(41);
    expect(
      messages.filter((m) => m.method === 'notifications/progress').map((m) => m.params.progress),
    ).toEqual([...Array(20).keys()]);
    expect(messages.at(-1).id).toBe(1);
    const interim = (await sallyport.entries('call.interim')).filter(
      (entry) => entry.session === client.sessionId && JSON.stringify(entry.fields).includes('to_client'),
    );
    expect(interim).toHaveLength(40);
  });

  it('carries what the server asks of the client, and the answer back', async () => {
    const client = await legacy();
    const response = await client.open(
      JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'ask' } }),
    );
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let text = '';
    while (!text.includes('sampling/createMessage')) text += decoder.decode((await reader?.read())?.value);
    const asked = JSON.parse(text.slice(text.indexOf('data: ') + 6));
    const answer = `{"jsonrpc":"2.0","id":"${asked.id}","result":{"role":"assistant","content":{"type":"text","text":"é 1.0"},"model":"m"}}`;
    expect((await client.post(answer)).status).toBe(202);
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      text += decoder.decode(part.value);
    expect(text).toContain(`"answered":${answer}`);
    expect((await client.post(answer)).status).toBe(400);
  });

  it('is refused to a server that policy does not let ask, and the server is told', async () => {
    const narrow = await startSallyport({
      servers: { echo: echoServer() },
      policies: {
        narrow:
          'permit (principal, action in [Sallyport::Action::"connect", Sallyport::Action::"call"], resource);',
      },
    });
    try {
      const client = new RawClient(narrow.mcp('echo'), narrow.token);
      await client.initialize();
      const answer = await client.call('ask');
      expect(answer.text).not.toContain('sampling/createMessage');
      expect(answer.text).toContain('Refused by the gateway');
      expect(await narrow.entries('decision.deny')).toHaveLength(1);
    } finally {
      await narrow.stop();
    }
  });

  it('keeps a silent stream alive', async () => {
    const client = await legacy();
    const response = await client.open(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'slow', arguments: { ms: 3500 } },
      }),
    );
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(await response.text()).toContain('"id":1');
  });
});

describe('cancellation', () => {
  it('legacy: the notification ends the call as cancelled; a dropped connection does not', async () => {
    const client = await legacy();
    const slow = client.call('slow', { ms: 60_000 }, 'long');
    await sleep(200);
    expect(
      (
        await client.post(
          '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"long","reason":"enough"}}',
        )
      ).status,
    ).toBe(202);
    expect(JSON.parse((await slow).messages.at(-1) ?? '').error.data.outcome).toBe('cancelled');
    expect((await outcomesOf(client.sessionId))[0]?.outcome).toEqual({ transport: 'cancelled' });

    const other = await legacy();
    const leaving = new AbortController();
    const dropped = other
      .open(
        JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'slow', arguments: { ms: 600 } },
        }),
        {},
        leaving.signal,
      )
      .catch(() => undefined);
    await sleep(200);
    leaving.abort();
    await dropped;
    const [outcome] = await until(async () => {
      const found = await outcomesOf(other.sessionId);
      return found.length > 0 ? found : undefined;
    });
    expect(outcome?.outcome).toMatchObject({ transport: 'answered' });
  });

  it('modern: closing the stream cancels', async () => {
    const client = new RawClient(sallyport.mcp('echo'), sallyport.token);
    const { body, headers } = modernRequest(
      'tools/call',
      { name: 'slow', arguments: { ms: 60_000 } },
      'gone',
    );
    const leaving = new AbortController();
    const call = client.open(body, headers, leaving.signal).catch(() => undefined);
    await sleep(300);
    leaving.abort();
    await call;
    const outcome = await until(async () =>
      (await sallyport.entries('call.outcome')).find(
        (entry) =>
          JSON.stringify(entry.outcome) === '{"transport":"cancelled"}' &&
          entry.session !== undefined &&
          entry.tool === 'slow' &&
          (entry.duration as number) < 5_000 &&
          JSON.stringify(entry.fields).includes('given up'),
      ),
    );
    expect(outcome).toBeDefined();
  });
});

describe('load of one does not weigh on another', () => {
  it('passes 16 MiB', async () => {
    const client = await legacy();
    const answer = await client.call('big', { bytes: 16 * 1024 * 1024 });
    expect(JSON.parse(answer.messages.at(-1) ?? '').result.content[0].text.length).toBe(16 * 1024 * 1024);
  });

  it('a client that does not read holds back its own server and nobody else', async () => {
    const stuck = await legacy();
    const fast = await legacy();
    const before = process.memoryUsage().rss;
    const responses = await Promise.all(
      [1, 2, 3, 4].map((id) =>
        stuck.open(
          JSON.stringify({
            jsonrpc: '2.0',
            id,
            method: 'tools/call',
            params: {
              name: 'notify',
              arguments: { count: 700, text: 'y'.repeat(8000) },
              _meta: { progressToken: id },
            },
          }),
        ),
      ),
    );
    for (let i = 0; i < 50; i += 1) {
      const answer = await fast.call('echo', { i });
      expect(answer.status).toBe(200);
    }
    // 4 × 700 × 8 kB = 22 MB were offered; what waits is bounded by link, channel and socket buffers.
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    for (const response of responses) {
      const text = await response.text();
      expect(text.match(/notifications\/progress/g)).toHaveLength(700);
    }
  }, 60_000);
});

describe('the legacy GET stream', () => {
  it('needs a session and is refused without', async () => {
    const client = await legacy();
    const leaving = new AbortController();
    const stream = await client.listen(leaving.signal);
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    leaving.abort();
    client.sessionId = undefined;
    expect((await client.listen(new AbortController().signal)).status).toBe(400);
  });
});

describe('at the server', () => {
  it('each governed call ran once', async () => {
    const ran = (await readFile(counter, 'utf8')).trim().split('\n').length;
    const intents = (await sallyport.entries('call.intent')).filter(
      (entry) => entry.method === 'tools/call',
    ).length;
    expect(ran).toBe(intents);
  });
});
