import { afterEach, describe, expect, it } from 'vitest';
import { fixture, type Pair, startPair } from '../gateway-side/agent.ts';
import { TestGateway } from '../gateway-side/gateway.ts';
import { isAlive } from '../gateway-side/program.ts';
import { until } from '../gateway-side/until.ts';

let pair: Pair;
afterEach(() => pair.stop());

async function start(leaseMs: number): Promise<void> {
  pair = await startPair(
    { echo: fixture('echo.js'), stubborn: fixture('echo.js', '--stubborn') },
    { leaseMs },
  );
}

async function session(server: string, gateway = pair.gateway) {
  const channel = await gateway.open(server);
  channel.send(1, { jsonrpc: '2.0', id: 1, method: 'pid' });
  const { pid } = (await channel.json(0)).result as { pid: number };
  return { channel, pid };
}

describe('the lease', () => {
  it('ends all sessions when the gateway stops renewing it, though the connection stands', async () => {
    await start(1_500);
    const sessions = [await session('echo'), await session('stubborn')];
    pair.gateway.renewing = false;
    await until(() => !sessions.some(({ pid }) => isAlive(pid)), 'the processes to end');
    expect(pair.agent.sessionCount()).toBe(0);
    for (const { channel } of sessions) expect(channel.sessionEnded).toMatchObject({ reason: 'lease' });
  });

  it('ends all sessions when the gateway is gone', async () => {
    await start(1_500);
    const { pid } = await session('stubborn');
    pair.gateway.stop();
    await until(() => !isAlive(pid), 'the process to end');
    expect(pair.agent.sessionCount()).toBe(0);
  });

  it('keeps sessions while it is renewed, for much longer than it lasts', async () => {
    await start(600);
    const { channel, pid } = await session('echo');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(isAlive(pid)).toBe(true);
    expect(channel.sessionEnded).toBeUndefined();
    expect((await pair.gateway.tunnel()).acks.length).toBeGreaterThan(3);
  });

  it('survives a gateway that comes back in time, and the session with it', async () => {
    await start(10_000);
    const { channel, pid } = await session('echo');
    const { port, authority } = pair.gateway;
    pair.gateway.stop();
    const back = await TestGateway.start({ port, authority });
    try {
      const tunnel = await back.tunnel();
      expect(tunnel.hello?.liveSessions).toEqual([channel.sessionId]);
      const again = await back.open('echo', { sessionId: channel.sessionId, resume: true });
      again.send(1, { jsonrpc: '2.0', id: 2, method: 'pid' });
      expect((await again.json(0)).result).toEqual({ pid });
    } finally {
      await pair.agent.stop();
      back.stop();
    }
  });

  it('ends what the gateway no longer knows when it attaches anew', async () => {
    await start(10_000);
    const { channel, pid } = await session('echo');
    const { port, authority } = pair.gateway;
    pair.gateway.stop();
    const back = await TestGateway.start({ port, authority });
    back.endSessions = [channel.sessionId];
    try {
      await until(() => !isAlive(pid), 'the process to end');
    } finally {
      await pair.agent.stop();
      back.stop();
    }
  });
});
