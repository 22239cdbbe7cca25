import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { type AgentStore, postgresAgentStore, type StoredCertificate } from '../../src/tunnel/index.ts';
import { testDatabase } from '../store/postgres.ts';
import { HOUR, quietLogger, startGateway, testSealer } from './fixture.ts';
import { memoryAgentStore } from './memory-store.ts';

const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

/** On a database of its own; all of them go with the test's Postgres. */
async function postgres(): Promise<AgentStore> {
  const database = await testDatabase();
  const store = await openStore({ databaseUrl: database.url, logger: quietLogger });
  closing.push(() => store.close());
  return postgresAgentStore(store.pool);
}

const now = Date.now();

function certificate(agent: string, issuedAt = now): StoredCertificate {
  return {
    serial: randomBytes(16).toString('hex').toUpperCase(),
    agent,
    fingerprint: randomBytes(32).toString('hex'),
    issuedAt,
    expiresAt: issuedAt + HOUR,
    revoked: false,
  };
}

async function token(store: AgentStore, agent: string): Promise<string> {
  const id = `tok_${randomBytes(6).toString('hex')}`;
  await store.saveEnrolmentToken(
    { id, agent, secretHash: randomBytes(32), expiresAt: now + HOUR, used: false },
    'test',
    now,
  );
  return id;
}

// The tests of the room run on the storage in memory; the same contract holds for both, or they would prove nothing.
describe.each([
  ['in memory', async () => memoryAgentStore()],
  ['in Postgres', postgres],
] as const)('storage %s', (_, open) => {
  test('the first writer of a sealed key wins', async () => {
    const store = await open();
    expect(await store.loadSealedKey('k')).toBeUndefined();
    const writes = await Promise.all([1, 2, 3].map((n) => store.saveSealedKey('k', Uint8Array.of(n))));
    const stored = await store.loadSealedKey('k');
    for (const written of writes) expect([...written]).toEqual([...(stored ?? [])]);
  });

  test('a token is used once, also by many at once', async () => {
    const store = await open();
    const id = await token(store, 'alpha');
    expect(await store.findEnrolmentToken(id)).toMatchObject({
      agent: 'alpha',
      used: false,
      expiresAt: now + HOUR,
    });
    const results = await Promise.all(Array.from({ length: 8 }, () => store.enrol(id, certificate('alpha'))));
    expect(results.filter((one) => one.enrolled)).toHaveLength(1);
    expect((await store.findEnrolmentToken(id))?.used).toBe(true);
    expect(await store.findEnrolmentToken('tok_none')).toBeUndefined();
    expect((await store.enrol('tok_none', certificate('alpha'))).enrolled).toBe(false);
  });

  test('an enrolment revokes what came before and lifts a revocation', async () => {
    const store = await open();
    const first = certificate('alpha');
    await store.enrol(await token(store, 'alpha'), first);
    const second = certificate('alpha', now + 1);
    expect(await store.enrol(await token(store, 'alpha'), second)).toEqual({
      enrolled: true,
      replacedSerials: [first.serial],
    });
    expect(await store.revokedSerials(now)).toEqual([first.serial]);
    expect(await store.revokeAgent('alpha', now)).toBe(true);
    expect((await store.listAgents())[0]?.revoked).toBe(true);
    await store.enrol(await token(store, 'alpha'), certificate('alpha', now + 2));
    expect((await store.listAgents())[0]?.revoked).toBe(false);
    expect([...(await store.revokedSerials(now))].sort()).toEqual([first.serial, second.serial].sort());
  });

  test('a revocation takes certificates and unused tokens; an agent that never came can be revoked', async () => {
    const store = await open();
    const id = await token(store, 'alpha');
    expect(await store.listAgents()).toEqual([{ name: 'alpha', revoked: false }]);
    expect(await store.revokeAgent('alpha', now)).toBe(true);
    expect(await store.revokeAgent('beta', now)).toBe(false);
    expect((await store.enrol(id, certificate('alpha'))).enrolled).toBe(false);
    expect(await store.findEnrolmentToken(id)).toBeUndefined();
  });

  test('a renewal needs a certificate that holds, and never slips past a revocation', async () => {
    const store = await open();
    for (let round = 0; round < 20; round += 1) {
      const agent = `agent-${round}`;
      const first = certificate(agent);
      await store.enrol(await token(store, agent), first);
      const next = certificate(agent, now + 1);
      const [renewed] = await Promise.all([store.renew(first.serial, next), store.revokeAgent(agent, now)]);
      expect((await store.findCertificate(next.serial))?.revoked).toBe(renewed ? true : undefined);
      expect(await store.renew(first.serial, certificate(agent, now + 2))).toBe(false);
    }
  });

  test('agents are listed with their newest certificate', async () => {
    const store = await open();
    const first = certificate('alpha');
    await store.enrol(await token(store, 'alpha'), first);
    const next = certificate('alpha', now + 1000);
    expect(await store.renew(first.serial, next)).toBe(true);
    expect((await store.listAgents())[0]).toMatchObject({
      name: 'alpha',
      certificate: { fingerprint: next.fingerprint, expiresAt: next.expiresAt },
    });
    expect(await store.findCertificate(next.serial)).toEqual(next);
  });
});

test('the whole way on Postgres: enrol, attach, restart, revoke', async () => {
  const store = await postgres();
  const sealer = testSealer();
  const first = await startGateway({ store, sealer });
  const state = await first.enrol();
  await first.attach(state);
  await first.open('alpha');
  await first.tunnel.stop(0);
  const second = await startGateway({ store, sealer });
  expect(second.tunnel.authorityFingerprint).toBe(first.tunnel.authorityFingerprint);
  const agent = await second.attach(state);
  await second.open('alpha');
  expect(await second.tunnel.revokeAgent('alpha')).toBe(true);
  await agent.ended;
  expect((await second.tunnel.agents())[0]).toMatchObject({ name: 'alpha', revoked: true, attached: false });
});
