import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../packages/gateway/test/cli/run-program.ts';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

let sallyport: Sallyport;
beforeAll(async () => {
  sallyport = await startSallyport({
    servers: { echo: echoServer() },
    policies: {
      all: 'permit (principal in Sallyport::Group::"engineers", action in Sallyport::Action::"use", resource);',
      'no-crash': 'forbid (principal, action, resource == Sallyport::Tool::"echo/crash");',
    },
  });
});
afterAll(() => sallyport?.stop());

test('a session is told in order: who, what was decided by which policy, what was masked, how it ended', async () => {
  const client = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await client.initialize();
  await client.call('echo', { card: '4111 1111 1111 1111' });
  await client.call('crash');
  await client.delete();
  const path = `/audit/sessions/${client.sessionId}/timeline`;
  const { status, body } = await sallyport.api('GET', path);
  expect(status, JSON.stringify(body)).toBe(200);
  const steps = body.items as { what: string; findings?: object; policies?: string[]; seq: number }[];
  const told = steps.map(({ what }) => what);
  expect(told[0]).toBe('engineer began a session with echo');
  expect(told).toContain('the tool echo was about to be sent');
  expect(told.some((what) => what.startsWith('the tool crash was denied'))).toBe(true);
  expect(told.at(-1)).toMatch(/^the session ended/);
  expect(steps.find(({ what }) => what === 'the tool echo was answered')?.findings).toEqual({ PCI: 1 });
  expect(steps.find(({ what }) => what.startsWith('the tool crash'))?.policies).toContain('no-crash');
  expect(steps.map(({ seq }) => seq)).toEqual(steps.map(({ seq }) => seq).toSorted((a, b) => a - b));
  // Pages of two tell the same.
  const paged: string[] = [];
  for (let after = ''; ; ) {
    const page = (await sallyport.api('GET', `${path}?limit=2${after}`)).body as {
      items: typeof steps;
      next?: string;
    };
    paged.push(...page.items.map(({ what }) => what));
    if (page.next === undefined) break;
    after = `&after=${page.next}`;
  }
  expect(paged).toEqual(told);
  const said = await runProgram(['audit', 'timeline', String(client.sessionId)], {
    env: { SALLYPORT_URL: sallyport.url, SALLYPORT_TOKEN: sallyport.adminToken },
    cwd: '/',
  });
  expect(said).toMatchObject({ code: 0, stderr: '' });
  expect(said.stdout).toContain('the tool echo was answered');
  expect((await sallyport.api('GET', '/audit/sessions/ses_NONE/timeline')).status).toBe(404);
  expect((await sallyport.entries('log.read')).length).toBeGreaterThan(2);
});

test('the log is searched by what was decided, found and said', async () => {
  const search = async (...args: string[]) => {
    const said = await runProgram(['audit', 'search', '--json', ...args], {
      env: { SALLYPORT_URL: sallyport.url, SALLYPORT_TOKEN: sallyport.adminToken },
      cwd: '/',
    });
    expect(said).toMatchObject({ code: 0, stderr: '' });
    return JSON.parse(said.stdout) as { entry: { kind: string; tool?: string } }[];
  };
  expect((await search('--decision', 'deny')).map(({ entry }) => entry.tool)).toContain('crash');
  expect((await search('--finding', 'PAN')).map(({ entry }) => entry.kind)).toEqual(['call.outcome']);
  expect((await search('--policy', 'no-crash')).length).toBe(1);
  expect(
    (await search('--text', 'card PAN', '--kind', 'call.intent')).map(({ entry }) => entry.tool),
  ).toEqual(['echo']);
  expect(await search('--text', '1111')).toEqual([]);
});
