import { connect, type Socket } from 'node:net';
import { Metadata, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { onEnd, startGateway, until } from './fixture.ts';
import { authorityPemOf, makeRequest, openClient, renewWith, TestAgent, tryEnrol } from './test-agent.ts';

/** A TCP connection that says nothing; resolves once it is open, or closed by the gateway. */
function silentConnection(port: number): Promise<{ socket: Socket; closed: () => boolean }> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let closed = false;
    onEnd(() => socket.destroy());
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      closed = true;
    });
    socket.on('connect', () => resolve({ socket, closed: () => closed }));
  });
}

test('connections without a certificate are bounded per address, and make room again', async () => {
  const gateway = await startGateway();
  const state = await gateway.enrol();
  const waiting = await Promise.all(Array.from({ length: 80 }, () => silentConnection(gateway.port)));
  await until(() => waiting.filter((one) => one.closed()).length === 80 - 64);
  const late = await silentConnection(gateway.port);
  await until(() => late.closed());
  expect(waiting.filter((one) => !one.closed())).toHaveLength(64);
  for (const { socket } of waiting) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await gateway.attach(state);
});

test('connections with a certificate do not count as strangers', async () => {
  const gateway = await startGateway();
  const state = await gateway.enrol();
  for (let i = 0; i < 70; i += 1) {
    const client = openClient(gateway.port, state.authorityPem, state);
    onEnd(() => client.close());
    await expect(renewWith(client, Buffer.from('no request'))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  }
  await gateway.attach(state);
});

test('a revoked agent that keeps trying does not keep its machine from being enrolled anew', async () => {
  const gateway = await startGateway();
  const state = await gateway.enrol();
  await gateway.tunnel.revokeAgent('alpha');
  for (let i = 0; i < 30; i += 1) {
    const agent = new TestAgent(gateway.port, state);
    expect((await agent.ended).code).toBe(status.UNAUTHENTICATED);
    agent.close();
  }
  const failures = gateway.records.filter((entry) => entry.kind === 'auth.failure');
  expect(failures).toHaveLength(21);
  expect(failures.at(-1)?.fields.limited).toBe(true);
  await gateway.attach(await gateway.enrol());
});

test('headers are bounded', async () => {
  const gateway = await startGateway();
  const state = await gateway.enrol();
  const client = openClient(gateway.port, state.authorityPem, state);
  const metadata = new Metadata();
  for (let i = 0; i < 20; i += 1) metadata.set(`x-filler-${i}`, 'y'.repeat(1000));
  const code = await new Promise((resolve) => {
    client.Renew({ csrDer: Buffer.alloc(0) }, metadata, (error) => resolve(error?.code));
  });
  // Not INVALID_ARGUMENT: the method was never reached.
  expect([status.INTERNAL, status.UNAVAILABLE, status.CANCELLED, status.RESOURCE_EXHAUSTED]).toContain(code);
  client.close();
});

test('bytes that are not TLS, and a client that vanishes in the middle, harm nobody', async () => {
  const gateway = await startGateway();
  for (let i = 0; i < 20; i += 1) {
    const { socket } = await silentConnection(gateway.port);
    socket.write(Buffer.alloc(2000, i));
    socket.destroySoon();
  }
  const client = openClient(gateway.port, await authorityPemOf(gateway.port));
  client.Attach().on('error', () => undefined);
  client.close();
  const { token } = await gateway.tunnel.createEnrolmentToken({
    agent: 'a',
    expiresInMs: 60_000,
    createdBy: 'test',
  });
  expect((await tryEnrol(gateway.port, token, (await makeRequest()).csr)).agentName).toBe('a');
});
