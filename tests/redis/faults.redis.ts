import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Approving, type Shown, startApproving } from '../framework/approving.ts';
import { type Receiver, startReceiver } from '../framework/receiver.ts';
import { TestRedis } from './server.ts';

let redis: TestRedis;
let hook: Receiver;
let on: Approving;
let secretsDir: string;
let database: Client;
beforeAll(async () => {
  [redis, hook] = await Promise.all([TestRedis.start(), startReceiver()]);
  secretsDir = await mkdtemp(join(tmpdir(), 'sallyport-secrets-'));
  await writeFile(join(secretsDir, 'out'), 'out-secret\n');
  on = await startApproving({ redisUrl: redis.url, secretsDir, outboundPrivateHosts: [hook.host] });
  const spec = { webhook: { url: `${hook.url}/in`, signingSecret: 'out', people: {} } };
  const documents = [{ kind: 'Notification', name: 'itsm', spec }];
  const applied = await on.sallyport.api('POST', '/apply', { documents });
  expect(applied.status, JSON.stringify(applied.body)).toBeLessThan(300);
  await on.flow({ holdSeconds: 0 });
  database = new Client({ connectionString: on.sallyport.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await on?.sallyport.stop();
  await Promise.all([hook?.close(), redis?.stop()]);
  await rm(secretsDir, { recursive: true, force: true });
});

let amount = 700;
async function held(): Promise<Shown> {
  amount += 1;
  await (await on.client()).call('echo', { amount });
  return on.waiting();
}

/** Its entries, without those of people who looked. */
async function ends(id: string): Promise<unknown[]> {
  const entries = await on.sallyport.entries();
  return entries
    .filter(
      (entry) =>
        entry.approval === id && /^approval\.(denied|expired|decided|used)$/.test(String(entry.kind)),
    )
    .map(({ kind }) => kind);
}

const stateOf = async (id: string) => (await on.as('alice', 'GET', `/approvals/${id}`)).body.state;
const told = (id: string) =>
  hook.received
    .filter(({ json }) => (json.approval as { id: string }).id === id)
    .map(({ json }) => json.event);
const ageOf = async (id: string): Promise<void> => {
  await database.query(`UPDATE approvals SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
};
const SWEPT = { timeout: 25_000 };

describe('whatever becomes of Redis', () => {
  it('killed while a delivery waits for its next attempt: it is sent once, and in order', async () => {
    hook.failures.push(503);
    const asked = await held();
    await expect.poll(() => hook.failures.length, { timeout: 10_000 }).toBe(0);
    await redis.kill();
    expect((await on.decide('alice', 'approve', asked)).body.state).toBe('approved');
    await expect.poll(() => told(asked.id), SWEPT).toEqual(['approval.requested', 'approval.decided']);
    await redis.start();
    expect(await ends(asked.id)).toEqual(['approval.decided']);
  });

  it('emptied: what runs out ends once, and what is to be told is told', async () => {
    const asked = await held();
    expect(await redis.command('FLUSHALL')).toBe('+OK');
    await ageOf(asked.id);
    await expect.poll(() => stateOf(asked.id), SWEPT).toBe('expired');
    await expect.poll(() => told(asked.id), SWEPT).toEqual(['approval.requested', 'approval.ended']);
    expect(await ends(asked.id)).toEqual(['approval.expired']);
  });

  it('killed, and the gateway started anew without it: decided, told and ended all the same, once', async () => {
    const [decided, lapsed] = [await held(), await held()];
    await redis.kill();
    await on.sallyport.restartGateway();
    await on.decide('bob', 'deny', decided);
    await ageOf(lapsed.id);
    await expect.poll(() => stateOf(lapsed.id), SWEPT).toBe('expired');
    await expect.poll(() => told(decided.id), SWEPT).toContain('approval.decided');
    await redis.start();
    expect([await ends(decided.id), await ends(lapsed.id)]).toEqual([
      ['approval.decided'],
      ['approval.expired'],
    ]);
    // Back again, jobs wake as before: well before a sweep could.
    const next = await held();
    await expect.poll(() => told(next.id), { timeout: 5_000 }).toEqual(['approval.requested']);
    expect(new Set(hook.received.map(({ headers }) => headers['sallyport-id'])).size).toBe(
      hook.received.length,
    );
  });
});
