import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processTree } from '../conformance/process-tree.ts';
import { echoServer, RawClient } from '../framework/index.ts';
import { killNine, type Programs, serversBelow, startPrograms, untilGone } from '../framework/programs.ts';

// The built programs as processes, one of them killed with SIGKILL in the middle of a call.

const counter = join(tmpdir(), `sallyport-kill-nine-${process.pid}`);
let programs: Programs;
beforeAll(async () => {
  programs = await startPrograms({ echo: echoServer({ ECHO_COUNTER: counter }) });
}, 120_000);
afterAll(async () => {
  await programs?.stop();
  rmSync(counter, { force: true });
});

/** Names of the tools that ran, in order. */
function ran(): string[] {
  return existsSync(counter) ? readFileSync(counter, 'utf8').trim().split('\n') : [];
}

async function connect(): Promise<RawClient> {
  const client = new RawClient(programs.mcp('echo'), programs.token);
  const answer = await client.initialize();
  expect(answer.status, answer.text).toBe(200);
  return client;
}

/** A call that is under way at its server, and what becomes of it. */
async function underWay(client: RawClient): Promise<{ fate: Promise<string> }> {
  const before = ran().length;
  const fate = client.call('slow', { ms: 600_000 }).then(
    (answer) => answer.messages.at(-1) ?? '',
    () => 'the connection broke',
  );
  for (let i = 0; ran().length === before; i += 1) {
    if (i === 400) throw new Error('the call did not reach its server');
    await sleep(25);
  }
  return { fate };
}

async function works(): Promise<void> {
  const client = await connect();
  expect((await client.call('echo', { again: true })).text).toContain('"again":true');
  expect((await client.delete()).status).toBe(200);
}

const isUnknown = (text: string) => {
  expect(JSON.parse(text).error).toMatchObject({ code: -32006, data: { outcome: 'unknown' } });
};

describe('killed with SIGKILL in the middle of a call', () => {
  it('the server: unknown, run once, and the agent starts another', async () => {
    const client = await connect();
    const { fate } = await underWay(client);
    const [server, ...others] = serversBelow(programs.agent, 'servers/echo.ts');
    if (server === undefined) throw new Error('no server runs');
    expect(others).toEqual([]);
    process.kill(server.pid, 'SIGKILL');
    isUnknown(await fate);
    expect(ran().filter((tool) => tool === 'slow')).toHaveLength(1);
    expect((await client.call('echo')).status).toBe(404);
    await works();
  });

  it('the agent: unknown, run once, none of its servers left, and it serves again when it is started', async () => {
    const client = await connect();
    const before = ran().filter((tool) => tool === 'slow').length;
    const { fate } = await underWay(client);
    await killNine(programs.agent);
    isUnknown(await fate);
    const away = await new RawClient(programs.mcp('echo'), programs.token).initialize();
    expect([away.status, JSON.parse(away.text).error.data.outcome]).toEqual([503, 'not_sent']);
    await programs.startAgent();
    await programs.untilAttached();
    expect((await client.call('echo')).status).toBe(404);
    await works();
    expect(ran().filter((tool) => tool === 'slow')).toHaveLength(before + 1);
  });

  it('the gateway: the connection breaks, its Postgres ends, and the next start says that the fate is not known', async () => {
    const client = await connect();
    const before = ran().filter((tool) => tool === 'slow').length;
    const { fate } = await underWay(client);
    await killNine(programs.gateway);
    expect(await fate).toBe('the connection broke');

    const indeterminate = async () =>
      (await programs.entries('call.indeterminate')).filter((entry) => entry.session === client.sessionId);
    await programs.startGateway();
    await programs.untilAttached();
    const [entry, ...more] = await indeterminate();
    expect(entry).toMatchObject({
      tool: 'slow',
      outcome: { transport: 'unknown' },
      fields: { reason: 'restart' },
    });
    expect(more).toEqual([]);
    await works();
    expect(ran().filter((tool) => tool === 'slow')).toHaveLength(before + 1);

    // It stays one, however the gateway ends the next time.
    await killNine(programs.gateway);
    await programs.startGateway();
    await programs.untilAttached();
    expect(await indeterminate()).toEqual([entry]);
    await works();
  }, 90_000);

  it('the gateway, under many calls: none ran without an intent, and each has one ending', async () => {
    let stopped = false;
    const calling = Promise.all(
      Array.from({ length: 8 }, async () => {
        const client = await connect();
        while (!stopped) await client.call('echo').catch(() => undefined);
      }),
    );
    const before = ran().length;
    while (ran().length < before + 40) await sleep(5);
    await killNine(programs.gateway);
    stopped = true;
    await calling;
    await programs.startGateway();
    await programs.untilAttached();
    await works();
  }, 90_000);
});

describe('after all of it', () => {
  it('no call ran without an intent or more often than once, and each intent has one ending', async () => {
    const of = async (kind: string) =>
      (await programs.entries(kind)).filter((entry) => entry.method === 'tools/call');
    const intents = await of('call.intent');
    const endings = [...(await of('call.outcome')), ...(await of('call.indeterminate'))];
    for (const tool of ['slow', 'echo']) {
      const intended = intents.filter((entry) => entry.tool === tool).length;
      expect(ran().filter((each) => each === tool).length, tool).toBeLessThanOrEqual(intended);
    }
    const calls = (entries: readonly Record<string, unknown>[]) => entries.map((entry) => entry.call).sort();
    expect(calls(endings)).toEqual(calls(intents));
    expect(new Set(calls(intents)).size).toBe(intents.length);
  });

  it('nothing is left when both are asked to stop', async () => {
    const trees = [programs.gateway, programs.agent].flatMap((each) => processTree(each.pid));
    expect(trees.length).toBeGreaterThan(3);
    for (const program of [programs.agent, programs.gateway]) process.kill(program.pid, 'SIGTERM');
    await untilGone(trees);
  }, 60_000);
});
