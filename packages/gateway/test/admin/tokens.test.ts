import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningApi, startApi } from './running-api.ts';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi();
});

afterAll(async () => {
  await api.stop();
});

const create = (body: unknown) => api.call('POST', '/api/v1/tokens', { as: 'administrator', json: body });

describe('tokens', () => {
  test('creating one makes the account and its membership, and the token works at once', async () => {
    await api.group('engineers');
    const created = await create({ serviceAccount: 'robot', groups: ['engineers'], expiresInSeconds: 3600 });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ id: expect.stringMatching(/^tok_/), serviceAccount: 'robot' });
    const me = await api.call('GET', '/api/v1/me', { token: created.body.token });
    expect(me.body.principal).toEqual({
      kind: 'service-account',
      name: 'robot',
      groups: ['engineers'],
      roles: expect.any(Array),
    });
    expect(me.body.token.id).toBe(created.body.id);
    const changes = await api.entries({ kind: 'config.change', limit: 2 });
    expect(changes).toMatchObject([
      {
        fields: {
          kind: 'Token',
          name: created.body.id,
          effect: 'create',
          after: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      },
      { actor: { name: 'test-administrator' } },
    ]);
    expect(JSON.stringify(changes[1])).toContain('robot');
    expect(JSON.stringify(changes)).not.toContain(created.body.token);
  });

  test('creating another adds groups and roles to the account and takes none away', async () => {
    await api.group('engineers');
    await api.group('analysts');
    await create({ serviceAccount: 'grows', groups: ['engineers'], expiresInSeconds: 60 });
    await create({ serviceAccount: 'grows', groups: ['analysts'], roles: ['auditor'], expiresInSeconds: 60 });
    expect(api.rooms.registry.snapshot().serviceAccounts.get('grows')?.spec).toMatchObject({
      groups: ['engineers', 'analysts'],
      roles: expect.arrayContaining(['auditor']),
    });
    const version = api.rooms.registry.snapshot().version;
    await create({ serviceAccount: 'grows', groups: ['analysts'], expiresInSeconds: 60 });
    expect(api.rooms.registry.snapshot().version).toBe(version);
  });

  test('a group that is missing is made, recorded, and told, so that a misspelt one is seen', async () => {
    const { body } = await create({ serviceAccount: 'first', groups: ['novel'], expiresInSeconds: 60 });
    expect(body.changes).toEqual([
      { kind: 'Group', name: 'novel', effect: 'create' },
      { kind: 'ServiceAccount', name: 'first', effect: 'create' },
    ]);
    expect(api.rooms.registry.snapshot().groups.has('novel')).toBe(true);
    expect(JSON.stringify(await api.entries({ kind: 'config.change', limit: 3 }))).toContain('"novel"');
  });

  test('a name that cannot be one is a problem of its document, and no token is made', async () => {
    const before = await api.rooms.identity.listTokens();
    expect(await create({ serviceAccount: 'not a name', expiresInSeconds: 60 })).toMatchObject({
      status: 422,
      body: { code: 'invalid_documents', problems: [{ kind: 'ServiceAccount', path: 'name' }] },
    });
    expect(await api.rooms.identity.listTokens()).toHaveLength(before.length);
  });

  test('many made at the same moment for one account all work, and no membership is lost', async () => {
    const groups = Array.from({ length: 8 }, (_, i) => `crowd-${i}`);
    const answers = await Promise.all(
      groups.map((group) => create({ serviceAccount: 'crowd', groups: [group], expiresInSeconds: 600 })),
    );
    expect(answers.map(({ status }) => status)).toEqual(groups.map(() => 201));
    const members = api.rooms.registry.snapshot().serviceAccounts.get('crowd')?.spec.groups ?? [];
    expect([...members].sort()).toEqual(groups);
    for (const { body } of answers) {
      expect((await api.call('GET', '/api/v1/me', { token: body.token })).status).toBe(200);
    }
  });

  test('a revoked token stops working at once, and revoking it again says the same', async () => {
    const { body } = await create({ serviceAccount: 'leaver', expiresInSeconds: 600 });
    expect((await api.call('GET', '/api/v1/me', { token: body.token })).status).toBe(200);
    const revoked = await api.call('DELETE', `/api/v1/tokens/${body.id}`, { as: 'administrator' });
    expect(revoked).toMatchObject({ status: 200, body: { id: body.id, revokedAt: expect.any(String) } });
    expect((await api.call('GET', '/api/v1/me', { token: body.token })).status).toBe(401);
    const again = await api.call('DELETE', `/api/v1/tokens/${body.id}`, { as: 'administrator' });
    expect(again.body).toEqual(revoked.body);
    expect(await api.entries({ kind: 'config.change', limit: 1 })).toMatchObject([
      { fields: { kind: 'Token', name: body.id, effect: 'delete', before: expect.any(String) } },
    ]);
    const [failure] = await api.entries({ kind: 'auth.failure', limit: 1 });
    expect(failure).toMatchObject({ fields: { reason: 'revoked' } });
  });

  test('a disabled account gets no token', async () => {
    await create({ serviceAccount: 'suspended', expiresInSeconds: 600 });
    await api.call('POST', '/api/v1/apply', {
      as: 'administrator',
      json: {
        documents: [
          { kind: 'ServiceAccount', name: 'suspended', spec: { groups: [], roles: [], disabled: true } },
        ],
      },
    });
    expect(await create({ serviceAccount: 'suspended', expiresInSeconds: 600 })).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringMatching(/disabled/) },
    });
  });

  test.each([
    [{ serviceAccount: 'x', expiresInSeconds: 59 }, 'expiresInSeconds'],
    [{ serviceAccount: 'x', expiresInSeconds: 366 * 24 * 3600 + 1 }, 'expiresInSeconds'],
    [{ serviceAccount: 'x', expiresInSeconds: '60' }, 'expiresInSeconds'],
    [{ serviceAccount: 'x' }, 'expiresInSeconds'],
    [{ serviceAccount: 'x', expiresInSeconds: 60, roles: ['emperor'] }, 'roles[0]'],
    [{ serviceAccount: 'x', expiresInSeconds: 60, group: ['typo'] }, 'group'],
    [{ serviceAccount: '', expiresInSeconds: 60 }, 'serviceAccount'],
  ])('%j is refused by its field', async (body, field) => {
    expect(await create(body)).toMatchObject({ status: 400, body: { code: 'invalid_request', field } });
  });

  test('an unknown token cannot be revoked', async () => {
    expect(await api.call('DELETE', '/api/v1/tokens/tok_nothing', { as: 'administrator' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });

  test('the list never has a token in it', async () => {
    const { body } = await create({ serviceAccount: 'listed', expiresInSeconds: 600 });
    const list = await api.call('GET', '/api/v1/tokens', { as: 'auditor' });
    expect(list.body.items).toContainEqual(
      expect.objectContaining({ id: body.id, serviceAccount: 'listed' }),
    );
    expect(list.text).not.toContain(body.token);
  });
});
