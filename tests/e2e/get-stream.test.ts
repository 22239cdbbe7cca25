import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedProcess, startProcess } from '../conformance/processes.ts';
import { RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

const LEGACY = fileURLToPath(new URL('../framework/servers/legacy-sdk.ts', import.meta.url));

let sallyport: Sallyport;
const started: StartedProcess[] = [];
beforeAll(async () => {
  for (const transport of ['http', 'sse'])
    started.push(
      await startProcess({
        name: transport,
        command: process.execPath,
        args: [LEGACY, transport],
        ready: /^http:/,
      }),
    );
  const [http, sse] = started.map((each) => each.readyLine.trim());
  sallyport = await startSallyport({
    servers: {
      stdio: { transport: 'stdio', command: [process.execPath, LEGACY, 'stdio'] },
      http: { transport: 'http', url: http },
      sse: { transport: 'sse', url: sse },
    },
  });
}, 120_000);
afterAll(async () => {
  await sallyport?.stop();
  for (const each of started) await each.stop();
});

/** A GET stream and the number of list changes that came over it. */
async function listen(client: RawClient) {
  const leaving = new AbortController();
  const response = await client.listen(leaving.signal);
  expect(response.status).toBe(200);
  const heard = { changes: 0, ended: false };
  void (async () => {
    const decoder = new TextDecoder();
    // Cast: the answer of fetch is a stream of bytes.
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>)
      heard.changes += decoder.decode(part).split('notifications/tools/list_changed').length - 1;
    heard.ended = true;
  })().catch(() => undefined);
  return { heard, leave: () => leaving.abort() };
}

describe.each(['stdio', 'http', 'sse'])('the GET stream of a legacy session, server over %s', (server) => {
  const connect = async () => {
    const client = new RawClient(sallyport.mcp(server), sallyport.token);
    await client.initialize();
    return client;
  };
  const change = async (client: RawClient, times: number) => {
    for (let i = 0; i < times; i += 1) expect((await client.call('change')).status).toBe(200);
    await sleep(200);
  };

  it('that was closed is followed by another, which misses nothing', async () => {
    const client = await connect();
    for (let round = 0; round < 3; round += 1) {
      const stream = await listen(client);
      await sleep(200);
      await change(client, 3);
      expect(stream.heard.changes, `round ${round}`).toBe(3);
      stream.leave();
      await sleep(200);
    }
    await client.delete();
  });

  it('is one: another ends it, and has all that comes from then on', async () => {
    const client = await connect();
    const first = await listen(client);
    await sleep(200);
    const second = await listen(client);
    await sleep(500);
    expect(first.heard.ended).toBe(true);
    await change(client, 2);
    expect([first.heard.changes, second.heard.changes]).toEqual([0, 2]);
    await client.delete();
    await sleep(200);
    expect(second.heard.ended).toBe(true);
  });

  it('leaves nothing behind, however often it is opened', async () => {
    const client = await connect();
    for (let i = 0; i < 300; i += 1) (await listen(client)).leave();
    expect((await client.call('say', { words: 'still here' })).text).toContain('still here');
    const stream = await listen(client);
    await sleep(200);
    await change(client, 2);
    expect(stream.heard.changes).toBeGreaterThanOrEqual(2);
    stream.leave();
    await client.delete();
  });
});
