import { randomBytes } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { AgentFrame__Output, GatewayFrame__Output } from '@sallyport/proto';
import { FRAME_MAX_BYTES, FRAME_PAYLOAD_MAX_BYTES } from '@sallyport/shared/limits';
import { expect, test } from 'vitest';
import type { Channel } from '../../src/tunnel/index.ts';
import { openPair, startGateway, until } from './fixture.ts';
import { type ChannelStream, statusOf } from './test-agent.ts';

type Close = { reason: string; resumable: boolean };

const closeOf = (channel: Channel): Promise<Close> => new Promise((resolve) => channel.onClose(resolve));
const payloadOf = (frame: AgentFrame__Output): string => frame.fromServer?.payload.toString() ?? '';

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

test('fifteen hundred channels opened and cancelled by the agent leave nothing and no suspicion behind', async () => {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol());
  for (let round = 0; round < 15; round += 1) {
    const channels = await Promise.all(Array.from({ length: 100 }, () => gateway.open('alpha')));
    const closed = channels.map(closeOf);
    for (const stream of agent.channels.values()) stream.cancel();
    agent.channels.clear();
    await Promise.all(closed);
  }
  const [shown] = await gateway.tunnel.agents();
  expect(shown).toMatchObject({ attached: true, openChannels: 0 });
});
