import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { TunnelError } from '../../src/tunnel/index.ts';
import { openPair, startGateway, until } from './fixture.ts';
import { type OpenOrder, openClient, statusOf } from './test-agent.ts';

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
