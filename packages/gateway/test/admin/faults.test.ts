import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningApi, startApi } from './running-api.ts';

let api: RunningApi;
let owner: Client;

beforeAll(async () => {
  api = await startApi();
  owner = new Client({ connectionString: api.databaseUrl });
  await owner.connect();
  await api.group('keeps');
});

afterAll(async () => {
  await owner.end();
  await api.stop();
});

const as = 'administrator';

describe('while the audit log cannot be written', () => {
  beforeEach(async () => {
    await owner.query('ALTER TABLE audit_entries RENAME TO audit_entries_away');
  });

  afterEach(async () => {
    await owner.query('ALTER TABLE audit_entries_away RENAME TO audit_entries');
    await expect.poll(() => api.rooms.audit.healthy(), { timeout: 10_000 }).toBe(true);
  });

  test('no token comes into force', async () => {
    const before = await api.rooms.identity.listTokens();
    const answer = await api.call('POST', '/api/v1/tokens', {
      as,
      json: { serviceAccount: 'test-administrator', expiresInSeconds: 600 },
    });
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(answer.text).not.toMatch(/audit_entries|relation|at .*\.ts/);
    const known = new Set(before.map((token) => token.id));
    for (const token of await api.rooms.identity.listTokens()) {
      if (!known.has(token.id)) expect(token.revokedAt).toBeDefined();
    }
  });

  test('no document changes', async () => {
    const version = api.rooms.registry.snapshot().version;
    const documents = [{ kind: 'Group', name: 'unrecorded', spec: {} }];
    expect(await api.call('POST', '/api/v1/apply', { as, json: { documents } })).toMatchObject({
      status: 503,
    });
    expect(await api.call('DELETE', '/api/v1/documents/Group/keeps', { as })).toMatchObject({ status: 503 });
    expect(api.rooms.registry.snapshot().version).toBe(version);
    expect(api.rooms.registry.snapshot().groups.has('keeps')).toBe(true);
  });

  test('no enrolment token leaves, and no session ends', async () => {
    const created = await api.call('POST', '/api/v1/agents/tokens', { as, json: { agent: 'unrecorded' } });
    expect(created).toMatchObject({ status: 503 });
    expect(created.body.token).toBeUndefined();
    await api.addSession('ses_lives');
    expect(await api.call('DELETE', '/api/v1/sessions/ses_lives', { as })).toMatchObject({ status: 503 });
    const [session] = await api.rooms.sessions.list(undefined, 1);
    expect(session?.id).toBe('ses_lives');
  });

  test('nobody reads the log, and strangers and the unentitled are still refused', async () => {
    for (const who of [{ as: 'auditor' }, { as: 'user' }, {}] as const) {
      const answer = await api.call('GET', '/api/v1/audit/entries', who);
      expect(answer.status).toBe(503);
      expect(answer.body.items).toBeUndefined();
    }
  });
});

test('what failed for want of the log works again afterwards', async () => {
  const documents = [{ kind: 'Group', name: 'recorded', spec: {} }];
  expect((await api.call('POST', '/api/v1/apply', { as, json: { documents } })).status).toBe(200);
});
