import { afterEach, describe, expect, it } from 'vitest';
import { fixture, type Pair, startPair } from '../gateway-side/agent.ts';
import { TestAuthority } from '../gateway-side/authority.ts';
import { TestGateway } from '../gateway-side/gateway.ts';
import { isAlive } from '../gateway-side/program.ts';
import { until } from '../gateway-side/until.ts';

let pair: Pair;
const others: TestGateway[] = [];
afterEach(async () => {
  await pair.stop();
  for (const other of others.splice(0)) other.stop();
});

const SERVERS = { echo: fixture('echo.js') };

describe('Attach', () => {
  it('says hello with all the gateway needs, then the inventory, probed when that has been done', async () => {
    pair = await startPair(SERVERS);
    const tunnel = await pair.gateway.tunnel();
    expect(tunnel.hello).toMatchObject({
      protocolMin: 1,
      protocolMax: 1,
      agentVersion: '0.1.0',
      liveSessions: [],
    });
    expect(tunnel.hello?.bootId).toMatch(/^bot_/);
    expect(Math.abs((tunnel.hello?.clockMs ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(tunnel.inventories[0]).toMatchObject([
      { name: 'echo', transport: 'stdio', probed: false, problem: '' },
    ]);
    await until(() => tunnel.server('echo')?.probed === true, 'the probe');
    expect(tunnel.server('echo')).toMatchObject({
      eras: ['legacy'],
      protocolVersions: ['2025-11-25'],
      serverName: 'echo',
      serverVersion: '1.2.3',
      problem: '',
    });
  });

  it('comes back after the connection is lost', async () => {
    pair = await startPair(SERVERS);
    const first = await pair.gateway.tunnel();
    const { port, authority } = pair.gateway;
    pair.gateway.stop();
    await until(() => pair.agent.tunnelCount() === 0, 'the agent to notice');
    const back = await TestGateway.start({ port, authority });
    others.push(back);
    const second = await back.tunnel();
    expect(second.hello?.bootId).toBe(first.hello?.bootId);
  });

  it('does not trust a gateway of another authority', async () => {
    pair = await startPair(SERVERS);
    await pair.gateway.tunnel();
    const { port } = pair.gateway;
    pair.gateway.stop();
    const impostor = await TestGateway.start({ port, authority: await TestAuthority.create() });
    others.push(impostor);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(impostor.attached).toEqual([]);
  });

  it('says in plain words why it was refused, and asks less often', async () => {
    pair = await startPair(SERVERS);
    const tunnel = await pair.gateway.tunnel();
    pair.gateway.answerHello = () => ({ refused: { code: 'clock', detail: 'you are 3 hours ahead' } });
    tunnel.call.end();
    await until(() => pair.gateway.attached.length === 2, 'the second attempt');
    const said = () => pair.logLines.find((line) => line.why === 'you are 3 hours ahead');
    await until(() => said() !== undefined, 'the words');
    expect(said()).toMatchObject({ message: expect.stringContaining('set it by NTP') });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(pair.gateway.attached.length).toBe(2);
  });

  it('does not serve a protocol version it does not know', async () => {
    pair = await startPair(SERVERS);
    const tunnel = await pair.gateway.tunnel();
    pair.gateway.answerHello = () => ({ welcome: { protocol: 7, leaseMs: 15_000, replica: 'new' } });
    tunnel.call.end();
    const said = () => pair.logLines.some((line) => String(line.why).includes('protocol version 7'));
    await until(said, 'the words');
    await until(() => pair.agent.tunnelCount() === 0, 'no tunnel');
  });

  it('ends its sessions at once when its certificate is no longer accepted', async () => {
    pair = await startPair(SERVERS);
    const channel = await pair.gateway.open('echo');
    channel.send(1, { jsonrpc: '2.0', id: 1, method: 'pid' });
    const { pid } = (await channel.json(0)).result as { pid: number };
    const tunnel = await pair.gateway.tunnel();
    tunnel.call.emit('error', { code: 16, details: 'The certificate of agent tester is revoked.' });
    await until(() => !isAlive(pid), 'the process to end');
    expect(pair.logLines.some((line) => String(line.why).includes('is revoked'))).toBe(true);
  });

  it('attaches anew on a drain and lets open channels finish where they are', async () => {
    pair = await startPair(SERVERS);
    const first = await pair.gateway.tunnel();
    const channel = await pair.gateway.open('echo');
    first.send({ drain: { reason: 'restart', graceMs: 10_000 } });
    await until(() => pair.gateway.attached.length === 2, 'the second tunnel');
    channel.send(1, { jsonrpc: '2.0', id: 1, method: 'echo' });
    expect(await channel.json(0)).toMatchObject({ id: 1 });
    const other = await pair.gateway.open('echo');
    other.send(1, { jsonrpc: '2.0', id: 2, method: 'echo' });
    expect(await other.json(0)).toMatchObject({ id: 2 });
    expect(first.closed).toBe(false);
  });

  it('tells of a session that ends while no channel is open', async () => {
    pair = await startPair(SERVERS);
    const tunnel = await pair.gateway.tunnel();
    const channel = await pair.gateway.open('echo');
    channel.send(1, { jsonrpc: '2.0', id: 1, method: 'pid' });
    const { pid } = (await channel.json(0)).result as { pid: number };
    channel.call.emit('error', { code: 14, details: 'broken by the test' });
    await until(
      () => pair.logLines.some((line) => String(line.message).startsWith('channel closed')),
      'the break',
    );
    process.kill(pid, 'SIGKILL');
    await until(() => tunnel.sessionsEnded.length === 1, 'the news');
    expect(tunnel.sessionsEnded[0]).toMatchObject({ sessionId: channel.sessionId, reason: 'crashed' });
  });
});

describe('several replicas', () => {
  it('get a tunnel each, and each its own lease', async () => {
    pair = await startPair(SERVERS, { leaseMs: 1_500 });
    const second = await TestGateway.start({
      authority: pair.gateway.authority,
      replica: 'two',
      leaseMs: 1_500,
    });
    others.push(second);
    pair.gateway.replicas = [pair.gateway.address, second.address];
    (await pair.gateway.tunnel()).call.end();
    await second.tunnel();
    await until(() => pair.agent.tunnelCount() === 2, 'two tunnels');
    const one = await pair.gateway.open('echo');
    const two = await second.open('echo');
    await until(() => pair.agent.sessionCount() === 2, 'two sessions');
    second.renewing = false;
    await until(() => two.sessionEnded !== undefined, 'the end of the session of the silent replica');
    expect(two.sessionEnded).toMatchObject({ reason: 'lease' });
    expect(one.sessionEnded).toBeUndefined();
  });

  it('take over a session from each other', async () => {
    pair = await startPair(SERVERS, { leaseMs: 1_500 });
    const second = await TestGateway.start({
      authority: pair.gateway.authority,
      replica: 'two',
      leaseMs: 1_500,
    });
    others.push(second);
    pair.gateway.replicas = [second.address];
    (await pair.gateway.tunnel()).call.end();
    await second.tunnel();
    await until(() => pair.agent.tunnelCount() === 2, 'two tunnels');
    const one = await pair.gateway.open('echo');
    const two = await second.open('echo', { sessionId: one.sessionId, resume: true });
    await until(() => one.closed, 'the first channel to close');
    pair.gateway.renewing = false;
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    two.send(1, { jsonrpc: '2.0', id: 1, method: 'echo' });
    expect(await two.json(0)).toMatchObject({ id: 1 });
  });
});
