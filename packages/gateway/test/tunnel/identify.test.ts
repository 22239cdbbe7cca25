import { status } from '@grpc/grpc-js';
import { systemClock } from '@sallyport/shared/clock';
import { expect, test } from 'vitest';
import { Authority } from '../../src/tunnel/authority.ts';
import { readRequestedKey } from '../../src/tunnel/certificate-request.ts';
import { startGateway, testSealer, until } from './fixture.ts';
import { memoryAgentStore } from './memory-store.ts';
import {
  type AgentState,
  authorityPemOf,
  makeRequest,
  openClient,
  renewWith,
  statusOf,
  TestAgent,
} from './test-agent.ts';

/** What each method but Enroll answers to a caller with this state. */
async function answers(port: number, state?: AgentState): Promise<number[]> {
  const { csr } = await makeRequest();
  const client = openClient(port, await authorityPemOf(port), state);
  // Listened to before anything is awaited: a refusal that comes sooner would be nobody's.
  const attach = client.Attach();
  const attached = statusOf(attach);
  attach.write({ hello: { protocolMin: 1, protocolMax: 1, bootId: 'b' } });
  const channel = client.Channel();
  const opened = statusOf(channel);
  channel.write({ hello: { channelId: 'chn_x' } });
  const renew = renewWith(client, csr).then(
    () => 0,
    (error: { code: number }) => error.code,
  );
  const codes = [(await attached).code, (await opened).code, await renew];
  client.close();
  return codes;
}

const UNAUTHENTICATED = Array(3).fill(status.UNAUTHENTICATED);

test('without a certificate only Enroll is open, and each try is recorded', async () => {
  const gateway = await startGateway();
  expect(await answers(gateway.port)).toEqual(UNAUTHENTICATED);
  const failures = gateway.records.filter((entry) => entry.kind === 'auth.failure');
  expect(failures.map((entry) => entry.fields.method).sort()).toEqual([
    'tunnel.Attach',
    'tunnel.Channel',
    'tunnel.Renew',
  ]);
  expect(failures.every((entry) => entry.fields.reason === 'no_certificate')).toBe(true);
  expect(failures.every((entry) => entry.source?.ip === '127.0.0.1')).toBe(true);
});

test('a certificate of another authority is none', async () => {
  const gateway = await startGateway();
  const other = await startGateway();
  await gateway.enrol('alpha');
  const stranger = await other.enrol('alpha');
  expect(await answers(gateway.port, stranger)).toEqual(UNAUTHENTICATED);
});

test('a certificate the authority signed but the gateway never handed out is refused', async () => {
  const sealer = testSealer();
  const store = memoryAgentStore();
  const gateway = await startGateway({ sealer, store });
  const { authority } = await Authority.open({ store, sealer, clock: systemClock });
  const { csr, keyPem } = await makeRequest();
  const { pem } = await authority.issueAgent('alpha', await readRequestedKey(csr), 3_600_000);
  const forged = { name: 'alpha', keyPem, certificatePem: pem, authorityPem: authority.certificatePem };
  expect(await answers(gateway.port, forged)).toEqual(UNAUTHENTICATED);
  expect(gateway.records.at(-1)?.fields.reason).toBe('certificate_unknown');
});

test("the server's certificate is not an agent's", async () => {
  const sealer = testSealer();
  const store = memoryAgentStore();
  const gateway = await startGateway({ sealer, store });
  const { authority } = await Authority.open({ store, sealer, clock: systemClock });
  const identity = await authority.issueServer(['localhost'], 3_600_000);
  const posing = {
    name: 'x',
    keyPem: identity.keyPem,
    certificatePem: identity.chainPem,
    authorityPem: authority.certificatePem,
  };
  expect(await answers(gateway.port, posing)).toEqual(UNAUTHENTICATED);
});

test('a revoked agent is cut at once, with its channels, and stays out until it is enrolled anew', async () => {
  const gateway = await startGateway();
  const state = await gateway.enrol();
  const agent = await gateway.attach(state);
  const channel = await gateway.open('alpha');
  const closed = new Promise((resolve) => channel.onClose(resolve));
  const pending = gateway.open('alpha', { timeoutMs: 20_000 });
  agent.onOpen = () => undefined;
  const refused = expect(pending.catch((error: { code: string }) => error)).resolves.toBeDefined();
  expect(await gateway.tunnel.revokeAgent('alpha')).toBe(true);
  expect(await closed).toEqual({ reason: 'tunnel lost: revoked', resumable: false });
  expect(channel.send({ toServer: { exchange: 1 } })).toBe(false);
  await refused;
  await agent.ended;
  expect(gateway.tunnel.attached('alpha')).toBe(false);
  expect(await answers(gateway.port, state)).toEqual(UNAUTHENTICATED);
  await until(() =>
    gateway.records.some((entry) => entry.kind === 'agent.lost' && entry.fields.reason === 'revoked'),
  );
  expect((await gateway.tunnel.agents())[0]).toMatchObject({ name: 'alpha', revoked: true, attached: false });
  await gateway.attach(await gateway.enrol());
  expect((await gateway.tunnel.agents())[0]).toMatchObject({ revoked: false, attached: true });
  expect(await gateway.tunnel.revokeAgent('nobody')).toBe(false);
});

test('a revocation by another replica is enforced here within seconds', async () => {
  const gateway = await startGateway();
  const agent = await gateway.attach(await gateway.enrol());
  await gateway.store.revokeAgent('alpha', Date.now());
  await agent.ended;
  expect(gateway.tunnel.attached('alpha')).toBe(false);
});

test('a new enrolment replaces the old certificates', async () => {
  const gateway = await startGateway();
  const state = await gateway.enrol();
  const agent = await gateway.attach(state);
  await gateway.enrol();
  await agent.ended;
  expect(await answers(gateway.port, state)).toEqual(UNAUTHENTICATED);
});

test('a certificate that expires takes its tunnel with it; a renewed agent is asked to move first', async () => {
  const gateway = await startGateway({ agentCertificateLifetimeMs: 8000 });
  const state = await gateway.enrol();
  const agent = await gateway.attach(state);
  const { csr, keyPem } = await makeRequest();
  const { certificatePem } = await renewWith(agent.client, csr);
  const { drain } = await agent.orders.find((order) => order.kind === 'drain');
  expect(drain?.reason).toContain('renewed');
  const next = new TestAgent(gateway.port, { ...state, keyPem, certificatePem }, { bootId: agent.bootId });
  await next.welcomed();
  await agent.ended;
  expect(gateway.tunnel.attached('alpha')).toBe(true);
  await next.ended;
  expect(gateway.tunnel.attached('alpha')).toBe(false);
  const reasons = gateway.records
    .filter((entry) => entry.kind === 'agent.lost')
    .map((entry) => entry.fields.reason);
  expect(reasons).toEqual(['superseded', 'certificate_expired']);
  next.close();
});
