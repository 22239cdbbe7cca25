import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sallyport, startSallyport } from '../framework/index.ts';
import { connectLegacyClient, connectModernClient } from '../framework/sdk-clients.ts';

// What a session may see of a server's tools changes by policies, grants and pins; clients of both eras are told.
const FIXTURE = fileURLToPath(new URL('../conformance/fixture/stdio.ts', import.meta.url));
const USE = 'principal in Sallyport::Group::"engineers"';
let sallyport: Sallyport;

beforeAll(async () => {
  sallyport = await startSallyport({
    servers: { both: { transport: 'stdio', command: [process.execPath, FIXTURE] } },
    policies: {
      use: `permit (${USE}, action in Sallyport::Action::"use", resource in Sallyport::Server::"both");`,
      ask: `permit (${USE}, action == Sallyport::Action::"request", resource);`,
    },
  });
});
afterAll(() => sallyport?.stop());

async function apply(name: string, cedar: string, more: object = {}): Promise<void> {
  const documents = [{ kind: 'Policy', name, spec: { cedar, ...more } }];
  const { status, body } = await sallyport.api('POST', '/apply', { documents });
  if (status !== 200) throw new Error(JSON.stringify(body));
}

const forbid = (server: string, tool: string) =>
  `forbid (principal, action == Sallyport::Action::"call", resource == Sallyport::Tool::"${server}/${tool}");`;

/** The changes that a session is told of: each once, and none that it has no part in. */
async function expectNews(heard: { toolChanges: number }, tools: () => Promise<string[]>): Promise<void> {
  const told = async (times: number) => {
    await expect.poll(() => heard.toolChanges, { timeout: 10_000 }).toBe(times);
  };
  const before = heard.toolChanges;
  expect(await tools()).toContain('test_simple_text');
  await apply('elsewhere', forbid('other', 'test_simple_text'));
  await apply('tried', forbid('both', 'test_simple_text'), { mode: 'dry-run' });
  await apply('hides', forbid('both', 'test_simple_text'));
  await told(before + 1);
  expect(await tools()).not.toContain('test_simple_text');
  expect((await sallyport.api('DELETE', '/documents/Policy/hides')).status).toBe(200);
  await told(before + 2);
  expect(await tools()).toContain('test_simple_text');

  const asked = await fetch(`${sallyport.url}/api/v1/grants`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sallyport.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      server: 'both',
      tools: ['test_simple_text'],
      reason: 'a booking to correct',
      minutes: 5,
    }),
  });
  expect(asked.status).toBe(201);
  await told(before + 3);

  const { body } = await sallyport.api('GET', '/tools/both/test_simple_text');
  const decide = (decision: string) =>
    sallyport.api('POST', `/tools/both/test_simple_text/${decision}`, {
      digest: body.seen,
      reason: 'to see',
    });
  expect((await decide('reject')).status).toBe(200);
  await told(before + 4);
  expect(await tools()).not.toContain('test_simple_text');
  expect((await decide('pin')).status).toBe(200);
  await told(before + 5);
  for (const name of ['elsewhere', 'tried']) await sallyport.api('DELETE', `/documents/Policy/${name}`);
}

it('a modern client that listens is told', async () => {
  const { client, heard } = await connectModernClient(sallyport.mcp('both'), sallyport.token, {
    pin: '2026-07-28',
  });
  const subscription = await client.listen({ toolsListChanged: true });
  const tools = async () => (await client.listTools()).tools.map(({ name }) => name);
  await expectNews(heard, tools);
  const last = heard.toolChanges;
  await subscription.close();
  await apply('hides', forbid('both', 'test_simple_text'));
  expect(await tools()).not.toContain('test_simple_text');
  expect(heard.toolChanges).toBe(last);
  await sallyport.api('DELETE', '/documents/Policy/hides');
  await client.close();
  const entries = await sallyport.entries('call.interim');
  expect(entries.filter(({ method }) => method === 'notifications/tools/list_changed').length).toBe(last);
});

it('a legacy client with an open stream is told', async () => {
  const { client, heard } = await connectLegacyClient(sallyport.mcp('both'), sallyport.token);
  await expect
    .poll(async () => (await sallyport.entries('session.listen')).length, { timeout: 10_000 })
    .toBeGreaterThan(0);
  await expectNews(heard, async () => (await client.listTools()).tools.map(({ name }) => name));
  await client.close();
});

it('one whose groups change is told, others are not', async () => {
  const connected = async (token: string) => {
    const made = await connectModernClient(sallyport.mcp('both'), token, { pin: '2026-07-28' });
    const subscription = await made.client.listen({ toolsListChanged: true });
    return { ...made, subscription };
  };
  const other = await connected(sallyport.token);
  const moved = await connected(await sallyport.newToken('moved', ['engineers']));
  const documents = [{ kind: 'ServiceAccount', name: 'moved', spec: { groups: [], roles: ['user'] } }];
  expect((await sallyport.api('POST', '/apply', { documents })).status).toBe(200);
  await expect.poll(() => moved.heard.toolChanges, { timeout: 10_000 }).toBe(1);
  expect(other.heard.toolChanges).toBe(0);
  await other.subscription.close();
  for (const { client } of [other, moved]) await client.close();
});

it('one who asked for other news is not', async () => {
  const { client, heard } = await connectModernClient(sallyport.mcp('both'), sallyport.token, {
    pin: '2026-07-28',
  });
  const subscription = await client.listen({ promptsListChanged: true });
  await apply('hides', forbid('both', 'test_simple_text'));
  await client.callTool({ name: 'test_trigger_prompt_change', arguments: {} });
  await sallyport.api('DELETE', '/documents/Policy/hides');
  await client.listTools();
  expect(heard.toolChanges).toBe(0);
  await subscription.close();
  await client.close();
});
