import { afterAll, beforeAll, expect, it } from 'vitest';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

let sallyport: Sallyport;
beforeAll(async () => {
  sallyport = await startSallyport({
    servers: { customers: echoServer(), outside: echoServer() },
    documents: { customers: { labels: { tools: { 'ech*': ['customer-data'] } } } },
    policies: {
      use: 'permit (principal in Sallyport::Group::"engineers", action in Sallyport::Action::"use", resource);',
      'nothing-leaves':
        'forbid (principal, action == Sallyport::Action::"call", resource in Sallyport::Server::"outside") when { context.labels.contains("customer-data") };',
    },
  });
});
afterAll(() => sallyport?.stop());

async function client(server: string, token = sallyport.token): Promise<RawClient> {
  const made = new RawClient(sallyport.mcp(server), token);
  await made.initialize();
  return made;
}

const call = async (made: RawClient, tool = 'echo') =>
  JSON.parse((await made.call(tool, { text: 'x' })).text);

it('who has read what is labelled cannot send it out, in any session, after a restart too', async () => {
  const customers = await client('customers');
  const outside = await client('outside');
  // The control is not stricter than it says: before anything is read, all goes through.
  expect((await call(outside)).result).toBeDefined();
  expect((await call(customers, 'notify')).error).toBeUndefined();
  expect((await call(outside)).result).toBeDefined();

  expect((await call(customers)).result).toBeDefined();
  const denied = await call(outside);
  expect(denied.error.data).toMatchObject({ reason: 'forbidden', policies: ['nothing-leaves'] });
  expect((await call(await client('outside'))).error).toBeDefined();
  expect((await call(customers)).result).toBeDefined();

  // Another principal has read nothing.
  const other = await sallyport.newToken('other', ['engineers']);
  expect((await call(await client('outside', other))).result).toBeDefined();

  const entries = await sallyport.entries();
  const read = entries.filter(({ fields }) => JSON.stringify(fields ?? {}).includes('customer-data'));
  expect(read).toMatchObject([
    { kind: 'call.outcome', server: 'customers', fields: { labels: ['customer-data'] } },
  ]);
  const deny = entries.find(({ kind, server }) => kind === 'decision.deny' && server === 'outside');
  expect(deny).toMatchObject({ decision: { on: { labels: ['customer-data'], groups: ['engineers'] } } });

  await sallyport.restartGateway();
  // Until the agent has come back there is no session to call in; then there is no moment without the label.
  await expect
    .poll(async () => (await call(await client('outside'))).error?.data?.reason, { timeout: 20_000 })
    .toBe('forbidden');
});
