import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, type Pair, startPair } from '../gateway-side/agent.ts';
import { until } from '../gateway-side/until.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await startPair({ flood: fixture('flood.js'), echo: fixture('echo.js'), deaf: fixture('deaf.js') });
});
afterAll(() => pair.stop());

describe('a slow reader at the gateway', () => {
  it('stops its server, not its neighbour, and loses nothing', async () => {
    const slow = await pair.gateway.open('flood');
    const fast = await pair.gateway.open('echo');
    slow.call.pause();
    slow.send(1, { count: 2_000, sizeBytes: 32 * 1024 });
    // The server tells on stderr, which is logged, how far it has got.
    const written = () => {
      const lines = pair.logLines.filter((line) => String(line.line).startsWith('written '));
      return Number(String(lines.at(-1)?.line ?? 'written 0').slice('written '.length));
    };
    await until(() => written() > 0, 'the flood to begin');
    let before = -1;
    await until(async () => {
      const now = written();
      const stands = now === before;
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 400));
      return stands;
    }, 'the flood to stand');
    expect(before).toBeLessThan(2_000);
    for (let i = 1; i <= 50; i += 1) fast.send(i, { jsonrpc: '2.0', id: i, method: 'echo' });
    await until(() => fast.messages.length === 50, 'the neighbour');
    slow.call.resume();
    await until(() => slow.messages.length === 2_001, 'the whole flood', 60_000);
    const numbers = slow.messages
      .slice(0, 2_000)
      .map(({ payload }) => JSON.parse(payload.toString()).params.i);
    expect(numbers).toEqual(Array.from({ length: 2_000 }, (_, index) => index));
  });
});

describe('a server that does not read', () => {
  it('stops what is sent to it at the gateway', async () => {
    const channel = await pair.gateway.open('deaf');
    const message = { jsonrpc: '2.0', method: 'x', params: { pad: 'y'.repeat(200_000) } };
    let queued = 0;
    let accepted = true;
    while (accepted && queued < 2_000) {
      queued += 1;
      const payload = Buffer.from(JSON.stringify(message));
      accepted = channel.call.write({ toServer: { exchange: queued, payload, last: true } });
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(accepted).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 500));
    // Had the agent gone on reading, the gateway's queue would be empty again.
    expect(channel.call.writableLength).toBeGreaterThan(0);
    (await pair.gateway.tunnel()).send({ endSession: { sessionId: channel.sessionId, reason: 'killed' } });
    await until(() => channel.sessionEnded !== undefined, 'the end, which passes all that waits');
  });
});
