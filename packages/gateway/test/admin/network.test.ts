import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningApi, startApi } from './running-api.ts';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi();
});

afterAll(async () => {
  await api.stop();
});

describe('agents', () => {
  test('an enrolment token is made once, recorded, and names its agent', async () => {
    const created = await api.call('POST', '/api/v1/agents/tokens', {
      as: 'operator',
      json: { agent: 'branch' },
    });
    expect(created).toMatchObject({ status: 201, body: { agent: 'branch', token: expect.any(String) } });
    const lifetimeMs = Date.parse(created.body.expiresAt) - Date.now();
    expect(lifetimeMs).toBeGreaterThan(3_500_000);
    expect(lifetimeMs).toBeLessThanOrEqual(3_600_000);
    const [entry] = await api.entries({ kind: 'config.change', limit: 1 });
    expect(entry).toMatchObject({
      actor: { name: 'test-operator' },
      agent: 'branch',
      fields: { kind: 'AgentToken', name: created.body.id, effect: 'create' },
    });
    expect(JSON.stringify(entry)).not.toContain(created.body.token);
  });

  test('a revoked agent shows as revoked, and the revocation is recorded', async () => {
    await api.call('POST', '/api/v1/agents/tokens', { as: 'operator', json: { agent: 'closed-branch' } });
    const revoked = await api.call('DELETE', '/api/v1/agents/closed-branch', { as: 'operator' });
    expect(revoked).toMatchObject({ status: 200, body: { name: 'closed-branch', revoked: true } });
    const { body } = await api.call('GET', '/api/v1/agents', { as: 'auditor' });
    expect(body.items).toContainEqual(
      expect.objectContaining({ name: 'closed-branch', revoked: true, attached: false }),
    );
    const [entry] = await api.entries({ kind: 'config.change', limit: 1 });
    expect(entry).toMatchObject({ agent: 'closed-branch', fields: { kind: 'Agent', effect: 'delete' } });
    expect(entry?.fields?.before).not.toBe(entry?.fields?.after);
  });

  test('an unknown agent cannot be revoked, and a name that could not be one is refused', async () => {
    expect((await api.call('DELETE', '/api/v1/agents/nobody', { as: 'operator' })).status).toBe(404);
    expect(
      await api.call('POST', '/api/v1/agents/tokens', { as: 'operator', json: { agent: 'No Name' } }),
    ).toMatchObject({
      status: 400,
      body: { field: 'agent' },
    });
  });
});

describe('servers', () => {
  test('a server whose agent is away says so, and cannot be probed', async () => {
    const documents = [{ kind: 'Server', name: 'ledger', spec: { agents: ['branch'] } }];
    await api.call('POST', '/api/v1/apply', { as: 'operator', json: { documents } });
    const { body } = await api.call('GET', '/api/v1/servers', { as: 'policy-author' });
    expect(body.items).toContainEqual(
      expect.objectContaining({
        name: 'ledger',
        attached: false,
        endpoint: `${api.url}/mcp/ledger`,
        problem: expect.stringContaining('"branch"'),
        agents: [{ agent: 'branch', attached: false }],
      }),
    );
    expect(await api.call('POST', '/api/v1/servers/ledger/probe', { as: 'operator' })).toMatchObject({
      status: 503,
      body: { code: 'agent_away' },
    });
    expect((await api.call('POST', '/api/v1/servers/nothing/probe', { as: 'operator' })).status).toBe(404);
  });
});

describe('sessions', () => {
  test('they come in pages, and one that is killed is gone, with who asked and why', async () => {
    for (const id of ['ses_1', 'ses_2', 'ses_3']) await api.addSession(id);
    const first = await api.call('GET', '/api/v1/sessions?limit=2', { as: 'auditor' });
    const rest = await api.call('GET', `/api/v1/sessions?limit=2&after=${first.body.next}`, {
      as: 'auditor',
    });
    expect(first.body.items).toHaveLength(2);
    const listed: { id: string }[] = [...first.body.items, ...rest.body.items];
    expect(listed.map(({ id }) => id).sort()).toEqual(['ses_1', 'ses_2', 'ses_3']);
    expect(rest.body.next).toBeUndefined();

    const killed = await api.call('DELETE', '/api/v1/sessions/ses_2?reason=left', { as: 'operator' });
    expect(killed).toMatchObject({ status: 200, body: { id: 'ses_2', ended: true } });
    const left = await api.call('GET', '/api/v1/sessions', { as: 'auditor' });
    expect(left.body.items.map(({ id }: { id: string }) => id).sort()).toEqual(['ses_1', 'ses_3']);
    expect(await api.entries({ kind: 'session.kill', limit: 1 })).toMatchObject([
      { session: 'ses_2', actor: { name: 'test-operator' }, fields: { reason: 'left' } },
    ]);
    expect((await api.call('DELETE', '/api/v1/sessions/ses_2', { as: 'operator' })).status).toBe(404);
  });
});

describe('policies', () => {
  test('a text is checked where it stands, and nothing is put in force', async () => {
    const broken = await api.call('POST', '/api/v1/policies/check', {
      as: 'policy-author',
      json: { cedar: 'permit (principal, action,' },
    });
    expect(broken.body.problems.length).toBeGreaterThan(0);
    const sound = await api.call('POST', '/api/v1/policies/check', {
      as: 'policy-author',
      json: { cedar: 'permit (principal, action, resource);' },
    });
    expect(sound.body.problems).toEqual([]);
  });

  test('a decision says what determined it, by the policies in force and the groups of the account', async () => {
    await api.group('engineers');
    const documents = [
      { kind: 'Server', name: 'everything', spec: { agents: ['branch'] } },
      {
        kind: 'Policy',
        name: 'engineers-echo',
        spec: {
          cedar:
            'permit (principal in Sallyport::Group::"engineers", action == Sallyport::Action::"call", resource == Sallyport::Tool::"echo");',
        },
      },
      { kind: 'ServiceAccount', name: 'engineer', spec: { groups: ['engineers'] } },
    ];
    const applied = await api.call('POST', '/api/v1/apply', { as: 'administrator', json: { documents } });
    expect(applied.body.problems).toEqual([]);
    const decide = (tool: string, principal: object) =>
      api.call('POST', '/api/v1/policies/decide', {
        as: 'auditor',
        json: { principal, action: 'call', server: 'everything', resource: { type: 'Tool', name: tool } },
      });
    expect((await decide('echo', { name: 'engineer' })).body).toMatchObject({
      effect: 'allow',
      reasons: ['permitted'],
      groups: ['engineers'],
      policies: [expect.stringContaining('engineers-echo')],
      explanation: expect.stringContaining('engineer may call tool "echo" of "everything"'),
    });
    expect((await decide('other', { name: 'engineer' })).body).toMatchObject({
      effect: 'deny',
      reasons: ['no_permit'],
    });
    expect((await decide('echo', { name: 'engineer', groups: [] })).body).toMatchObject({ effect: 'deny' });
    expect(await decide('echo', { name: 'nobody-known' })).toMatchObject({
      status: 400,
      body: { field: 'principal.groups' },
    });
  });
});

test('the status tells how everything is', async () => {
  const { body } = await api.call('GET', '/api/v1/status', { as: 'approver' });
  expect(body).toMatchObject({
    database: { healthy: true },
    log: { origin: api.rooms.audit.origin, size: api.rooms.audit.size(), healthy: true },
    documents: { version: api.rooms.registry.snapshot().version },
    policy: { version: api.rooms.policy.version },
    tunnels: { attached: 0, agents: [] },
  });
});
