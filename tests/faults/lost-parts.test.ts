import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testPostgres } from '../../packages/gateway/test/store/postgres.ts';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

let sallyport: Sallyport;
beforeAll(async () => {
  sallyport = await startSallyport({
    servers: { echo: echoServer(), broken: { transport: 'stdio', command: ['/nonexistent/program'] } },
  });
});
afterAll(() => sallyport?.stop());

async function legacy(): Promise<RawClient> {
  const client = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await client.initialize();
  return client;
}

async function untilReady(status: number): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    if ((await fetch(`${sallyport.url}/readyz`)).status === status) return;
    await sleep(100);
  }
  throw new Error(`/readyz did not become ${status}`);
}

describe('a server', () => {
  it('that crashes in a call: unknown, said at once, and the session has ended', async () => {
    const client = await legacy();
    const answer = JSON.parse((await client.call('crash')).text);
    expect(answer.error).toMatchObject({ code: -32006, data: { outcome: 'unknown' } });
    expect(answer.error.message).toContain('may have run');
    expect((await client.call('echo')).status).toBe(404);
    const outcome = (await sallyport.entries('call.outcome')).find(
      (entry) => entry.session === client.sessionId && entry.tool === 'crash',
    );
    expect(outcome?.outcome).toEqual({ transport: 'unknown' });
    expect(JSON.stringify(outcome?.fields)).toContain('7');
  });

  it('that says what is no message: ignored, and never shown to the client', async () => {
    const client = await legacy();
    const answer = await client.call('noise');
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('no message');
  });

  it('that cannot be started: a clear error at once, nothing sent', async () => {
    const client = new RawClient(sallyport.mcp('broken'), sallyport.token);
    const answer = await client.initialize();
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text).error.data.outcome).toBe('not_sent');
  });

  it('that does not answer: unknown after the time limit, and told to stop', async () => {
    await sallyport.api('POST', '/apply', {
      documents: [
        {
          kind: 'Server',
          name: 'echo',
          spec: { agents: ['test-agent'], pins: 'first-use', callTimeoutSeconds: 1 },
        },
      ],
    });
    const client = await legacy();
    const answer = await client.call('never');
    expect(JSON.parse(answer.messages.at(-1) ?? '').error.data).toMatchObject({
      outcome: 'unknown',
      reason: 'timeout',
    });
    await sallyport.api('POST', '/apply', {
      documents: [{ kind: 'Server', name: 'echo', spec: { agents: ['test-agent'], pins: 'first-use' } }],
    });
  });
});

describe('the database', () => {
  beforeEach(async () => {
    const postgres = await testPostgres();
    await expect.poll(() => postgres.pid(), { timeout: 20_000 }).toBeDefined();
    await untilReady(200);
  });

  it('away: 503, nothing is sent, and it recovers by itself', async () => {
    const client = await legacy();
    const postgres = await testPostgres();
    const pid = postgres.pid();
    if (pid === undefined) throw new Error('no embedded Postgres');
    process.kill(pid, 'SIGKILL');
    // A connection's own process may outlive its parent for a moment, and what it commits then is durable: a call goes
    // through, or it was sent and its answer is withheld. From then on nothing is sent.
    let answer = await client.call('echo', { during: true });
    const sent = (): boolean => answer.status === 200 || answer.text.includes('"outcome":"withheld"');
    for (let id = 100; sent() && id < 200; id += 1) answer = await client.call('echo', { during: true }, id);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text).error.data).toMatchObject({
      reason: 'log_unavailable',
      outcome: 'not_sent',
    });
    expect(answer.headers.get('retry-after')).toBe('2');
    await untilReady(200);
    expect((await client.call('echo', { after: true })).status).toBe(200);
  }, 60_000);

  it('gone while a call is under way: the answer is withheld', async () => {
    const client = await legacy();
    const slow = client.call('slow', { ms: 800 });
    await sleep(300);
    const pid = (await testPostgres()).pid();
    if (pid === undefined) throw new Error('no embedded Postgres');
    process.kill(pid, 'SIGKILL');
    const answer = await slow;
    const { error } = JSON.parse(answer.messages.at(-1) ?? '');
    expect(error.data).toMatchObject({ outcome: 'withheld' });
    expect(answer.text).not.toContain('"echo"');
    await untilReady(200);
  }, 60_000);
});

describe('the agent', () => {
  it('away: an error at once, nothing sent; back: calls go on', async () => {
    const client = await legacy();
    await sallyport.stopAgent();
    const began = performance.now();
    const fresh = await new RawClient(sallyport.mcp('echo'), sallyport.token).initialize();
    expect(fresh.status).toBe(503);
    expect(JSON.parse(fresh.text).error.data).toMatchObject({ reason: 'agent_away', outcome: 'not_sent' });
    expect([404, 503]).toContain((await client.call('echo')).status);
    expect(performance.now() - began).toBeLessThan(10_000);
    await untilReady(503);
    await sallyport.startAgent();
    await untilReady(200);
    expect((await (await legacy()).call('echo')).status).toBe(200);
  }, 60_000);
});

describe('the gateway', () => {
  it('restarted: sessions go on with the same server process', async () => {
    const client = await legacy();
    expect((await client.call('echo', { before: 1 })).status).toBe(200);
    await sallyport.restartGateway();
    await untilReady(200);
    const answer = await client.call('echo', { after: 1 });
    expect([answer.status, answer.text.includes('"after":1')]).toEqual([200, true]);
  }, 60_000);
});
