import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { startGateway, until } from './fixture.ts';
import { openClient, shownChain, statusOf, TestAgent } from './test-agent.ts';

test('an agent is recorded, welcomed and shown with its inventory', async () => {
  const asked: unknown[] = [];
  const gateway = await startGateway({
    unknownSessions: async (agent, live) => {
      asked.push(agent, live);
      return ['ses_old'];
    },
    replicas: () => ['gw-1:7401', 'gw-2:7401'],
  });
  const state = await gateway.enrol();
  const agent = await gateway.attach(
    state,
    { liveSessions: ['ses_old', 'ses_known'], agentVersion: '0.1.7' },
    ['echo', 'files'],
  );
  expect(await agent.welcomed()).toEqual({
    protocol: 1,
    gatewayVersion: '9.9.9',
    leaseMs: 15_000,
    endSessions: ['ses_old'],
    replicas: ['gw-1:7401', 'gw-2:7401'],
    replica: 'test/0',
  });
  expect(asked).toEqual(['alpha', ['ses_old', 'ses_known']]);
  expect(gateway.records.map((entry) => entry.kind)).toEqual([
    'key.rotated',
    'agent.enrolled',
    'agent.attached',
  ]);
  await until(() => gateway.tunnel.server('alpha', 'files') !== undefined);
  expect(gateway.tunnel.server('alpha', 'files')).toMatchObject({
    transport: 'stdio',
    eras: ['legacy'],
    probed: true,
  });
  expect(gateway.tunnel.server('alpha', 'nothing')).toBeUndefined();
  const [shown] = await gateway.tunnel.agents();
  expect(shown).toMatchObject({
    name: 'alpha',
    attached: true,
    agentVersion: '0.1.7',
    protocol: 1,
    openChannels: 0,
    revoked: false,
  });
  expect(shown?.servers.map((server) => server.name)).toEqual(['echo', 'files']);
  gateway.tunnel.probe('alpha', 'files');
  expect((await agent.orders.find((order) => order.kind === 'probeServer')).probeServer).toEqual({
    server: 'files',
  });
});

test('an inventory is bounded and checked', async () => {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol(), {}, ['echo']);
  agent.control.write({
    inventory: {
      servers: [
        { name: '../evil', transport: 'stdio' },
        { name: 'odd', transport: 'carrier-pigeon' },
        { name: 'good', transport: 'http', eras: ['modern', 'future'], problem: 'x'.repeat(5000) },
      ],
    },
  });
  await until(() => gateway.tunnel.server('alpha', 'good') !== undefined);
  expect(gateway.tunnel.server('alpha', 'odd')).toBeUndefined();
  expect(gateway.tunnel.server('alpha', 'echo')).toBeUndefined();
  expect(gateway.tunnel.server('alpha', 'good')?.eras).toEqual(['modern']);
  expect(gateway.tunnel.server('alpha', 'good')?.problem).toHaveLength(300);
});

test.each([
  [
    { protocolMin: 2, protocolMax: 3 },
    ['2 to 3', 'speaks tunnel protocol', '9.9.9) 1', 'Upgrade the gateway'],
  ],
  [{ protocolMin: 0, protocolMax: 0 }, ['not valid']],
])(
  'without a common protocol version the agent is told both ranges and what to do: %j',
  async (range, words) => {
    const gateway = await startGateway();
    const state = await gateway.enrol();
    const agent = new TestAgent(gateway.port, state, { ...range, agentVersion: '0.0.3' });
    const { refused } = await agent.orders.find((order) => order.kind === 'refused');
    expect(refused?.code).toBe('protocol_version');
    for (const word of [...words, '0.0.3']) expect(refused?.detail).toContain(word);
    expect((await agent.ended).code).toBe(status.FAILED_PRECONDITION);
    expect(gateway.tunnel.attached('alpha')).toBe(false);
    agent.close();
  },
);

test('a wrong clock is welcomed and shown', async () => {
  const gateway = await startGateway();
  await gateway.attach(await gateway.enrol(), { clockMs: Date.now() + 600_000 });
  const offset = (await gateway.tunnel.agents())[0]?.clockOffsetMs ?? 0;
  expect(offset).toBeGreaterThan(500_000);
  expect(offset).toBeLessThan(700_000);
});

test('a stream that does not begin with Hello, or with nothing, is ended', async () => {
  const gateway = await startGateway({ helloMaxMs: 200 });
  const state = await gateway.enrol();
  const client = openClient(gateway.port, state.authorityPem, state);
  const wrong = client.Attach();
  wrong.write({ leaseAck: { number: 1 } });
  expect((await statusOf(wrong)).code).toBe(status.FAILED_PRECONDITION);
  const silent = client.Attach();
  expect(await statusOf(silent)).toMatchObject({
    code: status.FAILED_PRECONDITION,
    details: expect.stringContaining('200 ms'),
  });
  const mute = client.Channel();
  expect((await statusOf(mute)).code).toBe(status.FAILED_PRECONDITION);
  const twice = await gateway.attach(state);
  twice.control.write({ hello: { protocolMin: 1, protocolMax: 1, bootId: 'again' } });
  await twice.ended;
  expect(gateway.tunnel.attached('alpha')).toBe(false);
  client.close();
});

test('an agent that stops answering leases is cut and recorded; one that answers is not', async () => {
  const gateway = await startGateway({ leaseMs: 600, leaseRenewalMs: 150 });
  const mute = await gateway.attach(await gateway.enrol('mute'));
  const good = await gateway.attach(await gateway.enrol('good'));
  const channel = await gateway.open('mute');
  const closed = new Promise((resolve) => channel.onClose(resolve));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(gateway.tunnel.attached('mute')).toBe(true);
  mute.silent = true;
  // An answer to a lease never given renews nothing.
  mute.control.write({ leaseAck: { number: 1_000_000 } });
  expect(await closed).toEqual({ reason: 'tunnel lost: lease', resumable: true });
  await mute.ended;
  expect(gateway.tunnel.attached('mute')).toBe(false);
  expect(gateway.tunnel.attached('good')).toBe(true);
  expect((await gateway.tunnel.agents()).find((one) => one.name === 'good')?.leaseAgeMs).toBeLessThan(600);
  expect(gateway.records.at(-1)).toMatchObject({
    kind: 'agent.lost',
    agent: 'mute',
    fields: { reason: 'lease', channels: 1 },
  });
  expect(good.orders.all.filter((order) => order.kind === 'lease').length).toBeGreaterThan(3);
});

test('another process of the same agent replaces the first, whose sessions are lost', async () => {
  const gateway = await startGateway();
  const lost: unknown[] = [];
  gateway.tunnel.onSessionsLost((what) => lost.push(what));
  const state = await gateway.enrol();
  const first = await gateway.attach(state);
  const channel = await gateway.open('alpha');
  const closed = new Promise((resolve) => channel.onClose(resolve));
  expect(lost).toEqual([]);
  await gateway.attach(state);
  expect((await first.orders.find((order) => order.kind === 'refused')).refused?.code).toBe('duplicate');
  await first.ended;
  expect(await closed).toEqual({ reason: 'tunnel lost: replaced', resumable: false });
  expect(lost).toEqual([{ agent: 'alpha', sessionIds: 'all', reason: 'agent restarted' }]);
  expect(gateway.tunnel.attached('alpha')).toBe(true);
});

test('the same process that attaches again keeps its channels until they end', async () => {
  const gateway = await startGateway();
  const lost: unknown[] = [];
  gateway.tunnel.onSessionsLost((what) => lost.push(what));
  const state = await gateway.enrol();
  const first = await gateway.attach(state);
  const channel = await gateway.open('alpha');
  const closed = new Promise((resolve) => channel.onClose(resolve));
  const second = await gateway.attach(state, { bootId: first.bootId });
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const got: unknown[] = [];
  channel.onFrame((frame) => got.push(frame));
  [...first.channels.values()][0]?.write({ exchangeEnded: { exchange: 7 } });
  await until(() => got.length === 1);
  await gateway.open('alpha');
  expect(second.channels.size).toBe(1);
  channel.end('client');
  expect(await closed).toEqual({ reason: 'client', resumable: false });
  await first.ended;
  expect(gateway.tunnel.attached('alpha')).toBe(true);
  expect(lost).toEqual([]);
});

test('the same process that attaches again after its old connection died loses the old one within seconds', async () => {
  const gateway = await startGateway();
  const state = await gateway.enrol();
  const first = await gateway.attach(state);
  const channel = await gateway.open('alpha');
  const closed = new Promise((resolve) => channel.onClose(resolve));
  first.silent = true;
  await gateway.attach(state, { bootId: first.bootId });
  expect(await closed).toEqual({ reason: 'tunnel lost: superseded', resumable: true });
  expect(gateway.tunnel.attached('alpha')).toBe(true);
});

test('the news that a session ended is passed on', async () => {
  const gateway = await startGateway();
  const lost: unknown[] = [];
  gateway.tunnel.onSessionsLost((what) => lost.push(what));
  const agent = await gateway.attach(await gateway.enrol());
  agent.control.write({ sessionEnded: { sessionId: 'ses_1', reason: 'crashed', detail: 'exit code 3' } });
  await until(() => lost.length === 1);
  expect(lost).toEqual([{ agent: 'alpha', sessionIds: ['ses_1'], reason: 'crashed' }]);
});

test('a lost connection is recorded once', async () => {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol());
  agent.close();
  await until(() => !gateway.tunnel.attached('alpha'));
  await until(() => gateway.records.some((entry) => entry.kind === 'agent.lost'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(gateway.records.filter((entry) => entry.kind === 'agent.lost')).toHaveLength(1);
});

test('nothing is welcomed that cannot be recorded', async () => {
  let broken = false;
  const gateway = await startGateway({
    record: async () => {
      if (broken) throw new Error('the log is away');
    },
  });
  const state = await gateway.enrol();
  broken = true;
  const agent = new TestAgent(gateway.port, state);
  expect((await agent.ended).code).toBe(status.UNAVAILABLE);
  expect(agent.orders.all).toEqual([]);
  expect(gateway.tunnel.attached('alpha')).toBe(false);
  agent.close();
});

test("the server's certificate is renewed by itself; connections go on and new ones see it", async () => {
  const gateway = await startGateway({ serverCertificateLifetimeMs: 4000 });
  const agent = await gateway.attach(await gateway.enrol());
  const before = (await shownChain(gateway.port))[0]?.serialNumber;
  await until(async () => (await shownChain(gateway.port))[0]?.serialNumber !== before);
  expect(gateway.records.at(-1)).toMatchObject({ kind: 'key.rotated', fields: { key: 'server' } });
  await gateway.open('alpha');
  expect(agent.channels.size).toBe(1);
  await gateway.attach(await gateway.enrol('beta'));
});

test('a stop tells the agents, waits for channels, and then ends everything', async () => {
  const gateway = await startGateway();
  const state = await gateway.enrol();
  const agent = await gateway.attach(state);
  const channel = await gateway.open('alpha');
  const stopped = gateway.tunnel.stop(20_000);
  expect((await agent.orders.find((order) => order.kind === 'drain')).drain).toEqual({
    reason: 'the gateway stops',
    graceMs: 20_000,
  });
  await expect(gateway.open('alpha')).rejects.toMatchObject({ code: 'draining' });
  const got: unknown[] = [];
  channel.onFrame((frame) => got.push(frame));
  [...agent.channels.values()][0]?.write({ exchangeEnded: { exchange: 1 } });
  await until(() => got.length === 1);
  channel.end('drain');
  await stopped;
  await agent.ended;
  expect(gateway.records.at(-1)).toMatchObject({ kind: 'agent.lost', fields: { reason: 'drain' } });
});
