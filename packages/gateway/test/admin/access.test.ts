import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningApi, startApi } from './running-api.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi();
  const documents = [
    {
      kind: 'Server',
      name: 'ledger',
      spec: { agents: ['a'], grants: { maxMinutes: 120, ticket: 'required' } },
    },
    { kind: 'Group', name: 'team', spec: {} },
    { kind: 'Group', name: 'gatekeepers', spec: {} },
    {
      kind: 'ServiceAccount',
      name: 'test-approver',
      spec: { roles: ['approver'], groups: ['gatekeepers'] },
    },
    { kind: 'ApprovalFlow', name: 'access', spec: { stages: [{ approvers: ['gatekeepers'] }] } },
    { kind: 'ServiceAccount', name: 'test-operator', spec: { roles: ['operator'], groups: ['team'] } },
    {
      kind: 'Policy',
      name: 'ask',
      spec: {
        cedar: `permit (principal == Sallyport::ServiceAccount::"test-user", action == Sallyport::Action::"request", resource);
permit (principal in Sallyport::Group::"team", action == Sallyport::Action::"request", resource);
@approval("access")
forbid (principal in Sallyport::Group::"team", action == Sallyport::Action::"request", resource)
  unless { context has approval && context.approval.flows.contains("access") };`,
      },
    },
  ];
  const applied = await api.call('POST', '/api/v1/apply', { as: 'administrator', json: { documents } });
  expect(applied.status, applied.text).toBe(200);
});
afterAll(() => api?.stop());

const terms = {
  server: 'ledger',
  tools: ['transfer'],
  reason: 'a booking to correct',
  ticket: 'CHG-9',
  minutes: 30,
};

test('anybody asks for themselves, sees their own, and takes it back; others see nothing of it', async () => {
  const made = await api.call('POST', '/api/v1/grants', { as: 'user', json: terms });
  expect(made).toMatchObject({
    status: 201,
    body: { state: 'active', principal: { name: 'test-user' }, minutes: 30 },
  });
  const path = `/api/v1/grants/${made.body.id}`;
  expect((await api.call('GET', path, { as: 'policy-author' })).status).toBe(404);
  expect((await api.call('DELETE', path, { as: 'policy-author' })).status).toBe(404);
  expect((await api.call('DELETE', path, { as: 'auditor' })).status).toBe(403);
  expect((await api.call('GET', '/api/v1/grants', { as: 'policy-author' })).body.items).toEqual([]);
  expect((await api.call('GET', '/api/v1/grants?state=active', { as: 'auditor' })).body.items).toHaveLength(
    1,
  );
  expect((await api.call('DELETE', path, { as: 'user' })).body).toMatchObject({
    state: 'revoked',
    endReason: 'no longer needed',
  });
  expect((await api.call('DELETE', path, { as: 'user' })).status).toBe(409);
});

test('what can not be asked for is refused with the reason', async () => {
  const ask = (more: object, as: 'user' | 'nobody' = 'user') =>
    api.call('POST', '/api/v1/grants', { as, json: { ...terms, ...more } });
  expect(await ask({ minutes: 121 })).toMatchObject({ status: 400, body: { detail: /1 to 120 minutes/ } });
  expect(await ask({ ticket: undefined })).toMatchObject({ status: 400, body: { detail: /ticket/ } });
  expect(await ask({ principal: 'somebody' })).toMatchObject({ status: 400 });
  expect(await ask({}, 'nobody')).toMatchObject({ status: 403, body: { detail: /action "request"/ } });
});

test('a request that needs an approval waits, can be narrowed by an approver, and only narrowed', async () => {
  const asked = await api.call('POST', '/api/v1/grants', { as: 'operator', json: terms });
  expect(asked.body).toMatchObject({ state: 'requested', approval: expect.stringMatching(/^apr_/) });
  const path = `/api/v1/grants/${asked.body.id}`;
  expect((await api.call('PATCH', path, { as: 'operator', json: { minutes: 5 } })).status).toBe(403);
  expect((await api.call('PATCH', path, { as: 'approver', json: { minutes: 31 } })).body.detail).toMatch(
    /wider/,
  );
  expect((await api.call('PATCH', path, { as: 'approver', json: { minutes: 5 } })).body).toMatchObject({
    minutes: 5,
  });
  expect((await api.call('DELETE', path, { as: 'administrator' })).body).toMatchObject({
    state: 'withdrawn',
  });
});

test('memberships are reviewed by somebody else, and what is removed is gone', async () => {
  const list = async () => (await api.call('GET', '/api/v1/access-reviews', { as: 'auditor' })).body.items;
  const find = async () =>
    (await list()).find((each: { membership: string }) => each.membership === 'group:team');
  const before = await find();
  expect(before).toMatchObject({ account: 'test-operator', overdue: false });
  expect(Date.parse(before.dueAt) - Date.parse(before.since)).toBe(182 * 86_400_000);
  const review = (as: 'approver' | 'operator' | 'administrator', more: object) =>
    api.call('POST', '/api/v1/access-reviews', {
      as,
      json: { account: 'test-operator', membership: 'group:team', reason: 'still on the team', ...more },
    });
  expect((await review('operator', { decision: 'keep' })).status).toBe(403);
  expect(
    (await review('approver', { decision: 'keep', account: 'test-approver', membership: 'role:approver' }))
      .body.detail,
  ).toMatch(/own access/);
  expect((await review('approver', { decision: 'keep' })).status).toBe(200);
  expect(await find()).toMatchObject({ last: { decision: 'keep', by: 'test-approver' } });
  expect((await review('approver', { decision: 'remove', reason: 'has left the team' })).status).toBe(200);
  expect(await find()).toBeUndefined();
  expect(api.rooms.registry.snapshot().serviceAccounts.get('test-operator')?.spec.groups).toEqual([]);
  expect(await api.entries({ kind: 'access.reviewed', limit: 1 })).toMatchObject([
    { fields: { decision: 'remove' } },
  ]);
});
