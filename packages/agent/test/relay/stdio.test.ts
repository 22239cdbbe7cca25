import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, type Pair, startPair } from '../gateway-side/agent.ts';
import type { TestChannel } from '../gateway-side/channel.ts';
import { until } from '../gateway-side/until.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await startPair({
    echo: fixture('echo.js'),
    noisy: fixture('echo.js', '--noise'),
    missing: { transport: 'stdio', command: ['no-such-command-here'] },
    nowhere: { transport: 'stdio', command: ['node'], cwd: '/no/such/folder' },
  });
});
afterAll(() => pair.stop());

function request(id: number, method: string, params: object = {}): object {
  return { jsonrpc: '2.0', id, method, params };
}

/** A server that has never said a word when it exits has failed to start, which is another story. */
async function greet(channel: TestChannel): Promise<void> {
  channel.send(100, request(100, 'echo'));
  await channel.json(0);
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a session of a stdio server', () => {
  it('answers through the tunnel', async () => {
    const channel = await pair.gateway.open('echo');
    channel.send(1, request(0, 'echo', { hello: 'wörld' }));
    expect(await channel.json(0)).toEqual({ jsonrpc: '2.0', id: 0, result: { hello: 'wörld' } });
    expect(channel.messages[0]?.exchange).toBe(0);
    channel.frame({ endChannel: { reason: 'client' } });
    await until(() => channel.closed, 'the channel to close');
  });

  it('gets exactly the bytes that were sent, also in parts', async () => {
    const channel = await pair.gateway.open('echo');
    const text = '{"jsonrpc":"2.0","id":1.0,"extra":12345678901234567890,"method":"raw","x":"\\u00e9é"}';
    channel.send(1, text, { partBytes: 7 });
    const answer = await channel.json(0);
    expect(answer.result).toEqual({ line: text });
    channel.frame({ endChannel: { reason: 'client' } });
  });

  it('gets one line for a message with raw line breaks', async () => {
    const channel = await pair.gateway.open('echo');
    channel.send(1, '{"jsonrpc":"2.0",\n\r\n"id":1,"method":"raw"}');
    const answer = await channel.json(0);
    expect(answer.result).toEqual({ line: '{"jsonrpc":"2.0",   "id":1,"method":"raw"}' });
    channel.frame({ endChannel: { reason: 'client' } });
  });

  it('carries 16 MiB from the server in frames that are not too large', async () => {
    const channel = await pair.gateway.open('echo');
    channel.send(1, request(1, 'large', { sizeBytes: 16 * 1024 * 1024 }));
    await until(() => channel.messages.length === 1, 'the large answer');
    expect(channel.messages[0]?.payload.length).toBeGreaterThan(16 * 1024 * 1024);
    expect(Math.max(...channel.frameSizes)).toBeLessThanOrEqual(256 * 1024);
    channel.frame({ endChannel: { reason: 'client' } });
  });

  it('carries 4 MiB to the server and refuses more without sending a byte', async () => {
    const channel = await pair.gateway.open('echo');
    const params = { text: 'y'.repeat(4 * 1024 * 1024 - 1_000) };
    channel.send(1, request(1, 'size', params));
    const answer = await channel.json(0);
    expect(answer.result).toEqual({ sizeBytes: JSON.stringify(params).length });
    channel.send(2, request(2, 'size', { text: 'y'.repeat(4 * 1024 * 1024) }));
    expect(await channel.ended(2)).toMatchObject({ delivery: 'DELIVERY_NOT_SENT', error: 'too_large' });
    channel.send(3, request(3, 'echo'));
    expect(await channel.json(1)).toMatchObject({ id: 3 });
    channel.frame({ endChannel: { reason: 'client' } });
  });

  it('runs a call id once', async () => {
    const channel = await pair.gateway.open('echo');
    channel.send(1, request(1, 'echo'), { callId: 'cal_1' });
    await channel.json(0);
    channel.send(2, request(2, 'echo'), { callId: 'cal_1' });
    expect(await channel.ended(2)).toMatchObject({ delivery: 'DELIVERY_NOT_SENT', error: 'duplicate_call' });
    channel.send(3, request(3, 'echo'), { callId: 'cal_2' });
    expect(await channel.json(1)).toMatchObject({ id: 3 });
    channel.frame({ endChannel: { reason: 'client' } });
  });

  it('leaves out what is no message and white space around one', async () => {
    const channel = await pair.gateway.open('noisy');
    channel.send(1, request(1, 'echo'));
    await channel.json(1);
    expect(channel.messages.map((message) => message.payload.toString())).toEqual([
      '{"jsonrpc":"2.0","method":"notifications/ready"}',
      '{"jsonrpc":"2.0","id":1,"result":{}}',
    ]);
    channel.frame({ endChannel: { reason: 'client' } });
  });

  it('starts the server with a minimal environment', async () => {
    const channel = await pair.gateway.open('echo');
    channel.send(1, request(1, 'env'));
    const { env } = (await channel.json(0)).result as { env: Record<string, string> };
    const known = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR'];
    expect(Object.keys(env).filter((name) => !known.includes(name))).toEqual([]);
    channel.frame({ endChannel: { reason: 'client' } });
  });
});

describe('the end of a session', () => {
  it('is told with the exit code when the server crashes', async () => {
    const channel = await pair.gateway.open('echo');
    await greet(channel);
    channel.send(1, request(1, 'crash'));
    await until(() => channel.sessionEnded !== undefined, 'the news');
    expect(channel.sessionEnded).toMatchObject({ reason: 'crashed', detail: 'exit code 7' });
    await until(() => channel.closed, 'the channel to close');
  });

  it('is told with the signal', async () => {
    const channel = await pair.gateway.open('echo');
    await greet(channel);
    channel.send(1, request(1, 'abort'));
    await until(() => channel.sessionEnded !== undefined, 'the news');
    expect(channel.sessionEnded).toMatchObject({ reason: 'crashed', detail: 'signal SIGKILL' });
  });

  it('is no crash when the server exits with 0', async () => {
    const channel = await pair.gateway.open('echo');
    await greet(channel);
    channel.send(1, request(1, 'quit'));
    await until(() => channel.sessionEnded !== undefined, 'the news');
    expect(channel.sessionEnded).toMatchObject({ reason: 'exited' });
  });

  it('ends the process, by EndChannel and by EndSession', async () => {
    for (const way of ['channel', 'control'] as const) {
      const channel = await pair.gateway.open('echo');
      channel.send(1, request(1, 'pid'));
      const { pid } = (await channel.json(0)).result as { pid: number };
      expect(alive(pid)).toBe(true);
      const { sessionId } = channel;
      if (way === 'channel') channel.frame({ endChannel: { reason: 'client' } });
      else (await pair.gateway.tunnel()).send({ endSession: { sessionId, reason: 'revoked' } });
      await until(() => !alive(pid), 'the process to end');
      await until(() => channel.closed, 'the channel to close');
    }
  });
});

describe('a channel that breaks', () => {
  it('leaves the server and its messages for the next one', async () => {
    const first = await pair.gateway.open('echo');
    first.send(1, request(1, 'pid'));
    const before = (await first.json(0)).result;
    first.send(2, request(2, 'later', { ms: 300 }));
    // In order: the pid's answer shows that the message before it was read.
    first.send(3, request(3, 'pid'));
    await first.json(1);
    first.call.emit('error', { code: 14, details: 'broken by the test' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const second = await pair.gateway.open('echo', { sessionId: first.sessionId, resume: true });
    expect(await second.json(0)).toMatchObject({ id: 2 });
    second.send(1, request(4, 'pid'));
    expect((await second.json(1)).result).toEqual(before);
    second.frame({ endChannel: { reason: 'client' } });
  });

  it('keeps the latest within bounds while away, and logs what it dropped', async () => {
    const first = await pair.gateway.open('echo');
    await greet(first);
    first.send(1, request(1, 'flood', { ms: 200, count: 1_000 }));
    first.send(2, request(2, 'echo'));
    await first.json(1);
    first.call.emit('error', { code: 14, details: 'broken by the test' });
    await new Promise((resolve) => setTimeout(resolve, 700));
    const second = await pair.gateway.open('echo', { sessionId: first.sessionId, resume: true });
    second.send(1, request(3, 'echo'));
    await until(
      () => second.messages.at(-1)?.payload.includes('"id":3') === true,
      'the answer after the flood',
    );
    const kept = second.messages
      .slice(0, -1)
      .map((message) => JSON.parse(message.payload.toString()).params.i);
    expect(kept).toEqual(Array.from({ length: 256 }, (_, index) => 1_000 - 256 + index));
    const dropped = pair.logLines.find(
      (line) => line.message === 'messages dropped while no channel was there',
    );
    expect(dropped).toMatchObject({ dropped: 1_000 - 256 });
    second.frame({ endChannel: { reason: 'client' } });
  });
});

describe('what can not be opened', () => {
  it('is refused with a code and words', async () => {
    await expect(pair.gateway.open('unknown')).rejects.toThrow(
      /UNKNOWN_SERVER: agent.yaml has no server named/,
    );
    await expect(pair.gateway.open('missing')).rejects.toThrow(
      /SERVER_UNAVAILABLE: missing: the command "no-such-command-here" was not found/,
    );
    await expect(pair.gateway.open('nowhere')).rejects.toThrow(
      /SERVER_UNAVAILABLE: nowhere: the working folder \/no\/such\/folder does not exist/,
    );
    await expect(pair.gateway.open('echo', { resume: true })).rejects.toThrow(/SESSION_GONE/);
  });
});
