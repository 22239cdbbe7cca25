import { randomBytes } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { AgentFrame__Output, GatewayFrame__Output } from '@sallyport/proto';
import { FRAME_MAX_BYTES, FRAME_PAYLOAD_MAX_BYTES } from '@sallyport/shared/limits';
import { expect, test } from 'vitest';
import { type Channel, TunnelError } from '../../src/tunnel/index.ts';
import { type Gateway, startGateway, until } from './fixture.ts';
import { type ChannelStream, type OpenOrder, openClient, statusOf, type TestAgent } from './test-agent.ts';

type Close = { reason: string; resumable: boolean };

const closeOf = (channel: Channel): Promise<Close> => new Promise((resolve) => channel.onClose(resolve));
const payloadOf = (frame: AgentFrame__Output): string => frame.fromServer?.payload.toString() ?? '';

/** A gateway, an agent, and a channel with both its ends. */
async function openPair(): Promise<{
  gateway: Gateway;
  agent: TestAgent;
  channel: Channel;
  stream: ChannelStream;
}> {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol());
  const channel = await gateway.open('alpha');
  const stream = [...agent.channels.values()][0];
  if (stream === undefined) throw new Error('no stream');
  return { gateway, agent, channel, stream };
}

test('open asks the agent and resolves with its stream', async () => {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol());
  const channel = await gateway.open('alpha', {
    sessionId: 'ses_1',
    era: 'modern',
    resume: true,
    timeoutMs: 4000,
  });
  const { openChannel } = await agent.orders.find((order) => order.kind === 'openChannel');
  expect(openChannel).toMatchObject({
    sessionId: 'ses_1',
    server: 'echo',
    era: 'modern',
    resume: true,
    channelId: channel.id,
  });
  expect(openChannel?.openTimeoutMs).toBeLessThanOrEqual(4000);
  expect(channel).toMatchObject({ sessionId: 'ses_1', agent: 'alpha', transport: 'stdio' });
  expect((await gateway.tunnel.agents())[0]?.openChannels).toBe(1);
});

test('an agent that is away, or has no such server, is told at once', async () => {
  const gateway = await startGateway();
  await expect(gateway.open('alpha')).rejects.toMatchObject({ code: 'agent_away', origin: 'agent' });
  const agent = await gateway.attach(await gateway.enrol());
  await expect(gateway.open('alpha', { server: 'nothing' })).rejects.toMatchObject({
    code: 'unknown_server',
  });
  agent.control.write({ draining: { reason: 'update' } });
  await until(() =>
    gateway.open('alpha').then(
      () => false,
      (error: TunnelError) => error.code === 'draining',
    ),
  );
});

test.each([
  ['REFUSAL_CODE_UNKNOWN_SERVER', 'unknown_server'],
  ['REFUSAL_CODE_SERVER_UNAVAILABLE', 'server_unavailable'],
  ['REFUSAL_CODE_FORBIDDEN_BY_AGENT', 'agent_refused'],
  ['REFUSAL_CODE_SESSION_GONE', 'session_gone'],
  ['REFUSAL_CODE_DRAINING', 'draining'],
  ['REFUSAL_CODE_TOO_MANY_SESSIONS', 'agent_refused'],
  ['REFUSAL_CODE_UNSPECIFIED', 'agent_refused'],
] as const)("%s becomes %s, the agent's words stay out of the message", async (code, expected) => {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol());
  agent.onOpen = ({ channelId }) =>
    agent.control.write({ channelRefused: { channelId, code, detail: 'command not found: secretd' } });
  const error: unknown = await gateway.open('alpha').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TunnelError);
  expect(error).toMatchObject({ code: expected, detail: 'command not found: secretd' });
  expect((error as TunnelError).message).not.toContain('secretd');
});

test('an open that takes too long fails in time, and what comes late is ended', async () => {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol());
  const orders: OpenOrder[] = [];
  agent.onOpen = (order) => orders.push(order);
  await expect(gateway.open('alpha', { sessionId: 'ses_late', timeoutMs: 200 })).rejects.toMatchObject({
    code: 'open_timeout',
  });
  expect((await agent.orders.find((order) => order.kind === 'endSession')).endSession?.sessionId).toBe(
    'ses_late',
  );
  const [order] = orders;
  if (order === undefined) throw new Error('no order');
  expect((await statusOf(agent.openStream(order))).code).toBe(status.NOT_FOUND);
});

test('an open that waits when the tunnel is lost fails at once', async () => {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol());
  agent.onOpen = () => agent.close();
  await expect(gateway.open('alpha', { timeoutMs: 30_000 })).rejects.toMatchObject({ code: 'agent_away' });
});

test('opens that wait are bounded per agent', async () => {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol());
  agent.onOpen = () => undefined;
  await until(() => gateway.tunnel.server('alpha', 'echo') !== undefined);
  const waiting = Array.from({ length: 256 }, () =>
    gateway.open('alpha', { timeoutMs: 10_000 }).catch(() => 'failed'),
  );
  await until(() => agent.orders.all.filter((order) => order.kind === 'openChannel').length === 256);
  await expect(gateway.open('alpha')).rejects.toMatchObject({ code: 'server_unavailable' });
  agent.close();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['failed']));
});

test('a stream nobody asked for, and a second one for the same id, are ended at once', async () => {
  const { gateway, agent, channel } = await openPair();
  const stray = agent.client.Channel();
  stray.write({ hello: { channelId: 'chn_00000000000000000000' } });
  expect((await statusOf(stray)).code).toBe(status.NOT_FOUND);
  const second = agent.client.Channel();
  second.write({ hello: { channelId: channel.id } });
  expect((await statusOf(second)).code).toBe(status.NOT_FOUND);
  const headless = agent.client.Channel();
  headless.write({ fromServer: { exchange: 1, payload: Buffer.from('{}'), last: true } });
  expect((await statusOf(headless)).code).toBe(status.FAILED_PRECONDITION);
  expect((await gateway.tunnel.agents())[0]?.openChannels).toBe(1);
});

test('a channel asked of one agent cannot be taken by another, and the theft spoils nothing', async () => {
  const gateway = await startGateway();
  const victim = await gateway.attach(await gateway.enrol('victim'));
  const thiefState = await gateway.enrol('thief');
  const thief = openClient(gateway.port, thiefState.authorityPem, thiefState);
  let theft: Promise<{ code: number }> | undefined;
  victim.onOpen = (order) => {
    const stolen = thief.Channel();
    theft = statusOf(stolen);
    stolen.write({ hello: { channelId: order.channelId } });
    void theft.then(() => victim.openStream(order));
  };
  const channel = await gateway.open('victim');
  expect(channel.agent).toBe('victim');
  expect((await theft)?.code).toBe(status.PERMISSION_DENIED);
  expect(gateway.records.at(-1)).toMatchObject({
    kind: 'auth.failure',
    agent: 'thief',
    fields: { reason: 'foreign_channel' },
  });
  thief.close();
});

test('frames arrive in order both ways, also those sent before anyone listened', async () => {
  const { channel, stream } = await openPair();
  const count = 500;
  const atAgent: string[] = [];
  stream.on('data', (frame: GatewayFrame__Output) => atAgent.push(frame.toServer?.payload.toString() ?? ''));
  for (let i = 0; i < count; i += 1) {
    stream.write({ fromServer: { exchange: 0, payload: Buffer.from(`a${i}`), last: true } });
    channel.send({
      toServer: {
        exchange: i + 1,
        payload: Buffer.from(`g${i}`),
        last: true,
        headers: { 'mcp-name': `n${i}` },
      },
    });
  }
  await until(() => atAgent.length === count);
  const atGateway: string[] = [];
  channel.onFrame((frame) => atGateway.push(payloadOf(frame)));
  await until(() => atGateway.length === count);
  expect(atGateway).toEqual(Array.from({ length: count }, (_, i) => `a${i}`));
  expect(atAgent).toEqual(Array.from({ length: count }, (_, i) => `g${i}`));
});

test('payloads pass byte for byte', async () => {
  const { channel, stream } = await openPair();
  const sent = Array.from({ length: 20 }, () => randomBytes(FRAME_PAYLOAD_MAX_BYTES));
  const back: Buffer[] = [];
  channel.onFrame((frame) => back.push(Buffer.from(frame.fromServer?.payload ?? '')));
  stream.on('data', (frame: GatewayFrame__Output) => {
    stream.write({ fromServer: { exchange: 1, payload: frame.toServer?.payload ?? '', last: true } });
  });
  for (const payload of sent) channel.send({ toServer: { exchange: 1, payload, last: true } });
  await until(() => back.length === sent.length);
  expect(Buffer.compare(Buffer.concat(back), Buffer.concat(sent))).toBe(0);
});

test('a reader that stops at the gateway holds the agent back, and stalls no other channel', async () => {
  const { gateway, agent, channel, stream } = await openPair();
  const other = await gateway.open('alpha');
  const otherStream = [...agent.channels.values()][1];
  const payload = Buffer.alloc(64 * 1024, 1);
  let slowGot = 0;
  channel.onFrame(() => {
    slowGot += 1;
  });
  channel.pause();
  const total = 2000;
  let written = 0;
  const pump = (): void => {
    while (written < total) {
      written += 1;
      if (!stream.write({ fromServer: { exchange: 0, payload, last: true } })) {
        stream.once('drain', pump);
        return;
      }
    }
  };
  pump();
  let fastGot = 0;
  other.onFrame(() => {
    fastGot += 1;
  });
  for (let i = 0; i < 300; i += 1) otherStream?.write({ fromServer: { exchange: 0, payload, last: true } });
  await until(() => fastGot === 300);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(slowGot).toBe(0);
  // 125 MiB are on offer; what left the agent fits the buffers of one channel on both sides.
  expect(written * payload.length).toBeLessThan(8 * 1024 * 1024);
  channel.resume();
  await until(() => slowGot === total);
});

/**
 * Lets the agent read a frame and no more, then sends until it takes no more; returns how many frames that took.
 * One is read because grpc-js's client reads ahead without bound until it is first asked for a message.
 */
async function fill(channel: Channel, stream: ChannelStream, payload: Buffer): Promise<number> {
  stream.once('data', () => stream.pause());
  channel.send({ toServer: { exchange: 1, payload, last: true } });
  await until(() => stream.isPaused());
  let drained = true;
  channel.onDrain(() => {
    drained = true;
  });
  let sent = 1;
  while (drained) {
    drained = false;
    do sent += 1;
    while (channel.send({ toServer: { exchange: 1, payload, last: true } }) && sent < 10_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return sent;
}

test('a slow agent is told by send, holds nobody else up, and drain says when to go on', async () => {
  const { gateway, agent, channel, stream } = await openPair();
  const payload = Buffer.alloc(64 * 1024, 2);
  const sent = await fill(channel, stream, payload);
  expect(sent * payload.length).toBeLessThan(8 * 1024 * 1024);
  const other = await gateway.open('alpha');
  const otherStream = [...agent.channels.values()][1];
  let got = 0;
  otherStream?.on('data', () => {
    got += 1;
  });
  for (let i = 0; i < 100; i += 1) other.send({ toServer: { exchange: i + 1, payload, last: true } });
  await until(() => got === 100);
  let drained = 0;
  channel.onDrain(() => {
    drained += 1;
  });
  let arrived = 0;
  stream.on('data', () => {
    arrived += 1;
  });
  stream.resume();
  await until(() => drained === 1 && arrived === sent - 1);
});

test('a frame above the cap ends its channel and leaves the others', async () => {
  const { gateway, agent, channel, stream } = await openPair();
  const other = await gateway.open('alpha');
  const otherStream = [...agent.channels.values()][1];
  const got: AgentFrame__Output[] = [];
  channel.onFrame((frame) => got.push(frame));
  const closed = closeOf(channel);
  const ended = statusOf(stream);
  stream.write({ fromServer: { exchange: 0, payload: Buffer.alloc(FRAME_MAX_BYTES + 1), last: true } });
  expect((await ended).code).toBe(status.RESOURCE_EXHAUSTED);
  await closed;
  expect(got).toEqual([]);
  const fine: string[] = [];
  other.onFrame((frame) => fine.push(payloadOf(frame)));
  otherStream?.write({ fromServer: { exchange: 0, payload: Buffer.from('ok'), last: true } });
  await until(() => fine.length === 1);
});

test('end tells the agent why and closes once', async () => {
  const { channel, stream, gateway } = await openPair();
  const frames: GatewayFrame__Output[] = [];
  stream.on('data', (frame: GatewayFrame__Output) => frames.push(frame));
  const ended = statusOf(stream);
  const closes: Close[] = [];
  channel.onClose((close) => closes.push(close));
  channel.send({ toServer: { exchange: 1, payload: Buffer.from('{}'), last: true } });
  channel.end('killed');
  channel.end('again');
  expect(channel.send({ toServer: { exchange: 2 } })).toBe(false);
  expect((await ended).code).toBe(status.OK);
  expect(frames.map((frame) => frame.kind)).toEqual(['toServer', 'endChannel']);
  expect(frames[1]?.endChannel?.reason).toBe('killed');
  expect(closes).toEqual([{ reason: 'killed', resumable: false }]);
  expect(await closeOf(channel)).toEqual({ reason: 'killed', resumable: false });
  expect((await gateway.tunnel.agents())[0]?.openChannels).toBe(0);
});

test('a session ends also when its channel is not read: on the control stream, and if need be by a cut', async () => {
  const { channel, stream, agent } = await openPair();
  await fill(channel, stream, Buffer.alloc(64 * 1024));
  channel.end('revoked');
  const { endSession } = await agent.orders.find((order) => order.kind === 'endSession');
  expect(endSession).toEqual({ sessionId: channel.sessionId, reason: 'revoked' });
  await agent.ended;
});

test('what the agent says of the end decides whether the session may be resumed', async () => {
  const { gateway, agent, channel, stream } = await openPair();
  const got: AgentFrame__Output[] = [];
  channel.onFrame((frame) => got.push(frame));
  const crashed = closeOf(channel);
  stream.write({ sessionEnded: { sessionId: channel.sessionId, reason: 'crashed', detail: 'exit code 3' } });
  stream.end();
  expect(await crashed).toEqual({ reason: 'crashed', resumable: false });
  expect(got.map((frame) => frame.kind)).toEqual(['sessionEnded']);
  const left = await gateway.open('alpha');
  left.onFrame(() => undefined);
  [...agent.channels.values()][1]?.end();
  expect(await closeOf(left)).toEqual({ reason: 'closed by the agent', resumable: true });
  const broken = await gateway.open('alpha');
  agent.close();
  expect((await closeOf(broken)).resumable).toBe(true);
});

test('endSession reaches the agent with and without a channel', async () => {
  const { gateway, agent, channel } = await openPair();
  const closed = closeOf(channel);
  gateway.tunnel.endSession('alpha', channel.sessionId, 'idle');
  gateway.tunnel.endSession('alpha', 'ses_elsewhere', 'expired');
  gateway.tunnel.endSession('nobody', 'ses_elsewhere', 'expired');
  expect(await closed).toEqual({ reason: 'idle', resumable: false });
  await agent.orders.find((order) => order.endSession?.sessionId === channel.sessionId);
  await agent.orders.find((order) => order.endSession?.sessionId === 'ses_elsewhere');
});

test('three thousand channels opened and cancelled by the agent leave nothing and no suspicion behind', async () => {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol());
  for (let round = 0; round < 30; round += 1) {
    const channels = await Promise.all(Array.from({ length: 100 }, () => gateway.open('alpha')));
    const closed = channels.map(closeOf);
    for (const stream of agent.channels.values()) stream.cancel();
    agent.channels.clear();
    await Promise.all(closed);
  }
  const [shown] = await gateway.tunnel.agents();
  expect(shown).toMatchObject({ attached: true, openChannels: 0 });
});
