import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningApi, startApi } from './running-api.ts';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi();
});

afterAll(async () => {
  await api.stop();
});

const apply = (body: unknown) => api.call('POST', '/api/v1/apply', { as: 'administrator', json: body });

const YAML = `
kind: Server
name: everything
agent: quickstart
---
---
kind: Group
name: engineers
---
kind: Policy
name: engineers-use-everything
cedar: |
  permit (principal in Sallyport::Group::"engineers", action in Sallyport::Action::"use", resource in Sallyport::Server::"everything");
`;

describe('apply', () => {
  test('a dry run shows what would change and changes nothing', async () => {
    const before = api.rooms.registry.snapshot().version;
    const answer = await apply({ yaml: YAML, dryRun: true });
    expect(answer).toMatchObject({ status: 200, body: { version: before, dryRun: true, problems: [] } });
    const changes: { kind: string; name: string; effect: string; diff: string }[] = answer.body.changes;
    expect(changes.map(({ kind, name, effect }) => `${effect} ${kind}/${name}`)).toEqual([
      'create Server/everything',
      'create Group/engineers',
      'create Policy/engineers-use-everything',
    ]);
    expect(changes.every((change) => change.diff.includes('+'))).toBe(true);
    expect(api.rooms.registry.snapshot().version).toBe(before);
  });

  test('each change is an entry with its digests, recorded for its caller', async () => {
    const answer = await apply({ yaml: YAML });
    expect(answer.status).toBe(200);
    const [document] = api.rooms.registry.snapshot().policies.values();
    const entries = await api.entries({ kind: 'config.change', limit: 3 });
    expect(entries).toHaveLength(3);
    for (const entry of entries) {
      expect(entry.actor).toMatchObject({ kind: 'service-account', name: 'test-administrator' });
    }
    expect(JSON.stringify(entries)).toContain(document?.digest);

    const listed = await api.call('GET', '/api/v1/documents?kind=Policy', { as: 'auditor' });
    expect(listed.body.items).toMatchObject([
      {
        kind: 'Policy',
        name: 'engineers-use-everything',
        digest: document?.digest,
        updatedBy: 'test-administrator',
      },
    ]);
    // The same again changes nothing.
    const again = await apply({ yaml: YAML });
    expect(again.body.version).toBe(answer.body.version);
    expect(again.body.changes.map((change: { effect: string }) => change.effect)).toEqual([
      'unchanged',
      'unchanged',
      'unchanged',
    ]);
  });

  test('problems of all documents are found, with place and path, and nothing is changed', async () => {
    const before = api.rooms.registry.snapshot().version;
    const answer = await apply({
      files: [
        { name: 'good.yaml', yaml: 'kind: Group\nname: fine\n' },
        {
          name: 'bad.yaml',
          yaml: [
            'kind: Server\nname: UPPER\nagent: quickstart',
            'kind: Policy\nname: broken\ncedar: "permit (principal"',
            'kind: Spaceship\nname: x',
            'name: no-kind',
            '- a list',
            'kind: Group\nname: 5',
            'kind: Group\nname: twice\nname: twice',
          ].join('\n---\n'),
        },
      ],
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_documents' } });
    const problems: { place: string; message: string }[] = answer.body.problems;
    const places = new Set(problems.map((problem) => problem.place));
    for (const line of [1, 5, 9, 12, 14, 16]) expect(places).toContain(`bad.yaml:${line}`);
    expect(problems.some((problem) => problem.place === 'good.yaml:1')).toBe(false);
    expect(problems.every((problem) => problem.message.length > 5)).toBe(true);
    expect(api.rooms.registry.snapshot().version).toBe(before);
  });

  test('a bomb of YAML aliases is refused', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i}: &l${i} [${Array(9).fill(i === 0 ? '1' : `*l${i - 1}`)}]`,
    );
    const answer = await apply({ yaml: `kind: Group\nname: bomb\n${levels.join('\n')}\n` });
    expect(answer).toMatchObject({
      status: 422,
      body: { problems: [{ message: expect.stringMatching(/alias/i) }] },
    });
  });

  test('a document deleted is gone, and recorded; deleting it again is a 404', async () => {
    await apply({ documents: [{ kind: 'Group', name: 'short-lived', spec: {} }] });
    const path = '/api/v1/documents/Group/short-lived';
    expect((await api.call('GET', path, { as: 'operator' })).body).toMatchObject({ name: 'short-lived' });
    const deleted = await api.call('DELETE', path, { as: 'administrator' });
    expect(deleted.body.changes).toMatchObject([{ effect: 'delete', kind: 'Group', name: 'short-lived' }]);
    expect((await api.call('GET', path, { as: 'operator' })).status).toBe(404);
    expect(await api.call('DELETE', path, { as: 'administrator' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
    const [entry] = await api.entries({ kind: 'config.change', limit: 1 });
    expect(JSON.stringify(entry)).toContain('short-lived');
  });

  test('pages come by key and cover everything once', async () => {
    const names = Array.from({ length: 7 }, (_, i) => `page-${i}`);
    await apply({ documents: names.map((name) => ({ kind: 'Group', name, spec: {} })) });
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const query = `kind=Group&limit=3${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`;
      const page = await api.call('GET', `/api/v1/documents?${query}`, { as: 'auditor' });
      expect(page.body.items.length).toBeLessThanOrEqual(3);
      seen.push(...page.body.items.map((item: { name: string }) => item.name));
      after = page.body.next;
    } while (after !== undefined);
    expect(seen).toEqual([...new Set(seen)].sort());
    expect(seen).toEqual(expect.arrayContaining(names));
  });
});
