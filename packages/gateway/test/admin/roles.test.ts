import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROLES } from '../../src/registry/index.ts';
import { type RunningApi, startApi } from './running-api.ts';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi();
});

afterAll(async () => {
  await api.stop();
});

const GOLDEN = new URL('./golden/roles.md', import.meta.url);

/** A path with every parameter filled with something that does not exist. */
function fill(path: string): string {
  return path
    .replace(':kind', 'Server')
    .replace(':seq', '999999')
    .replace(':id', 'nothing')
    .replace(':name', 'nothing');
}

describe('who may do what', () => {
  test('the matrix is the committed one', () => {
    const rendered = api.admin.roleMatrix();
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GOLDEN, rendered);
    expect(rendered).toBe(readFileSync(GOLDEN, 'utf8'));
  });

  test('only the description of the API is open to anybody, and what is signed otherwise', async () => {
    const open = api.admin.routes.filter((route) => route.access === 'public').map((route) => route.path);
    const signed = ['/api/v1/inbound/slack/:notification', '/api/v1/inbound/webhook/:notification'];
    expect(open.sort()).toEqual([...signed, '/api/v1/openapi.json']);
    for (const path of signed) {
      const answer = await api.call('POST', fill(path), { body: '{}', as: 'administrator' });
      expect(answer.status).toBe(401);
    }
  });

  test('every other route refuses strangers, before it reads their body', async () => {
    for (const route of api.admin.routes) {
      if (route.access === 'public') continue;
      const where = `${route.method} ${route.path}`;
      const answer = await api.call(route.method, fill(route.path), { body: '{not json' });
      expect({ where, status: answer.status, code: answer.body.code }).toEqual({
        where,
        status: 401,
        code: 'unauthenticated',
      });
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
    }
  });

  test('every route refuses every role that it does not list, and lets in those it lists', async () => {
    for (const route of api.admin.routes) {
      if (route.access === 'public') continue;
      for (const role of ROLES) {
        const where = `${role}: ${route.method} ${route.path}`;
        const answer = await api.call(route.method, fill(route.path), { as: role, body: '{not json' });
        const listed = route.access === 'authenticated' || route.access.includes(role);
        expect({ where, refused: answer.status === 403 }).toEqual({ where, refused: !listed });
        if (!listed) expect(answer.body).toMatchObject({ code: 'forbidden', roles: route.access });
        expect(answer.status).not.toBe(401);
      }
    }
  });

  test('a principal without any role is refused, and told that it has none', async () => {
    const answer = await api.call('GET', '/api/v1/status', { as: 'nobody' });
    expect(answer.status).toBe(403);
    expect(answer.body.detail).toMatch(/it has none/);
    expect((await api.call('GET', '/api/v1/me', { as: 'nobody' })).status).toBe(200);
  });

  test('refusals are in the log, with who and why', async () => {
    await api.call('GET', '/api/v1/tokens', { token: 'sly_nonsense' });
    await api.call('GET', '/api/v1/tokens', { as: 'user' });
    const [denied] = await api.entries({ kind: 'decision.deny', limit: 1 });
    expect(denied).toMatchObject({
      actor: { kind: 'service-account', name: 'test-user', token: expect.stringMatching(/^tok_/) },
      decision: { effect: 'deny', reasons: ['role_missing'] },
      source: { ip: '127.0.0.1' },
      fields: { route: 'GET /api/v1/tokens', needs: ['administrator', 'auditor'] },
    });
    const [failed] = await api.entries({ kind: 'auth.failure', limit: 1 });
    expect(failed).toMatchObject({ actor: { kind: 'anonymous' }, fields: { route: 'GET /api/v1/tokens' } });
    expect(JSON.stringify(failed)).not.toContain('sly_nonsense');
  });

  test.each([
    ['policy-author', 'Server', { agents: ['a'] }],
    ['policy-author', 'ServiceAccount', { groups: [], roles: ['administrator'] }],
    ['operator', 'Policy', { cedar: 'permit (principal, action, resource);' }],
    ['operator', 'ServiceAccount', { groups: [], roles: ['administrator'] }],
  ] as const)('%s may not change a %s', async (role, kind, spec) => {
    const before = api.rooms.registry.snapshot().version;
    const documents = [{ kind, name: 'sneaky', spec }];
    for (const dryRun of [false, true]) {
      const answer = await api.call('POST', '/api/v1/apply', { as: role, json: { documents, dryRun } });
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
    const deletion = await api.call('DELETE', `/api/v1/documents/${kind}/sneaky`, { as: role });
    expect(deletion.status).toBe(403);
    expect(api.rooms.registry.snapshot().version).toBe(before);
    expect(await api.entries({ kind: 'decision.deny', limit: 1 })).toMatchObject([
      { fields: { route: `changing a ${kind}` } },
    ]);
  });
});
