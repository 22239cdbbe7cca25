import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Receipts } from '../../packages/agent/src/receipts/index.ts';
import { quietLogger } from '../../packages/gateway/test/store/postgres.ts';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

let sallyport: Sallyport;
beforeAll(async () => {
  sallyport = await startSallyport({ servers: { echo: echoServer() } });
});
afterAll(() => sallyport?.stop());

const folder = () => join(sallyport.agentStateDir, 'receipts', 'test-agent');
const receiptLines = () =>
  readdirSync(folder())
    .sort()
    .flatMap((file) => readFileSync(join(folder(), file), 'utf8').split('\n').slice(0, -1));

async function reconcile(): Promise<Record<string, unknown>> {
  const { status, body } = await sallyport.api('POST', '/audit/receipts/reconcile', { agent: 'test-agent' });
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

async function begin(): Promise<RawClient> {
  const client = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await client.initialize();
  return client;
}

/** The first of a kind that comes, for at most ten seconds. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come');
}

describe("an agent's receipts", () => {
  it('are one for each call that was executed, and each has an intent in the log', async () => {
    const client = await begin();
    for (let i = 0; i < 20; i += 1) await client.call('echo', { i }, i + 1);
    const intents = (await sallyport.entries('call.intent')).map(({ call }) => call);
    expect(receiptLines().map((line) => JSON.parse(line).call)).toEqual(intents);
    expect(await reconcile()).toMatchObject({ state: 'done', size: intents.length, unmatched: 0 });
    const [recorded] = (await sallyport.entries('agent.receipts')).slice(-1);
    expect(recorded).toMatchObject({ agent: 'test-agent', fields: { size: intents.length, unmatched: 0 } });
    expect(await reconcile()).toMatchObject({ state: 'done', added: 0 });
  });

  it('are gone on with after a restart of the agent, and asked for when it comes back', async () => {
    const before = receiptLines().length;
    await sallyport.stopAgent();
    await sallyport.startAgent();
    const client = await until(async () => {
      const fresh = new RawClient(sallyport.mcp('echo'), sallyport.token);
      return (await fresh.initialize()).status === 200 ? fresh : undefined;
    });
    await client.call('echo', { again: true });
    expect(receiptLines().length).toBeGreaterThan(before);
    expect(await reconcile()).toMatchObject({ state: 'done', size: receiptLines().length });
  });

  it('without an intent are found, named and alarmed', async () => {
    const database = new Client({ connectionString: sallyport.databaseUrl });
    await database.connect();
    const client = await begin();
    await client.call('echo', { hidden: true });
    const hidden = (await sallyport.entries('call.intent')).at(-1)?.call;
    // Somebody with all rights on the database takes a call's intent away.
    await database.query('ALTER TABLE audit_entries DISABLE TRIGGER ALL');
    await database.query('DELETE FROM audit_entries WHERE call = $1', [hidden]);
    await database.query('ALTER TABLE audit_entries ENABLE TRIGGER ALL');
    await database.end();
    expect(await reconcile()).toMatchObject({ state: 'done', unmatched: 1 });
    expect((await sallyport.entries('agent.receipt_unmatched')).at(-1)).toMatchObject({
      agent: 'test-agent',
      call: hidden,
      fields: { agentServer: 'echo' },
    });
  });

  it('that go back, as from an old copy, are not believed any more; both heads are in the log', async () => {
    const copy = join(sallyport.agentStateDir, 'copy');
    cpSync(folder(), copy, { recursive: true });
    const client = await begin();
    await client.call('echo', { later: true });
    const { size } = await reconcile();
    await sallyport.stopAgent();
    rmSync(folder(), { recursive: true });
    cpSync(copy, folder(), { recursive: true });
    await sallyport.startAgent();
    const problem = await until(async () =>
      (await sallyport.entries('agent.receipts')).find(({ fields }) =>
        String((fields as { problem?: string }).problem ?? '').includes('went back'),
      ),
    );
    expect(problem).toMatchObject({ agent: 'test-agent', fields: { beforeSize: size } });
    expect(await reconcile()).toMatchObject({
      state: 'problem',
      detail: expect.stringContaining('went back'),
    });
  });

  it('that begin anew are recorded as such, with the end of what was before', async () => {
    await sallyport.stopAgent();
    rmSync(folder(), { recursive: true });
    await sallyport.startAgent();
    const anew = await until(async () =>
      (await sallyport.entries('agent.receipts')).find(({ fields }) =>
        String((fields as { problem?: string }).problem ?? '').includes('anew'),
      ),
    );
    expect(anew).toMatchObject({
      fields: { beforeChain: expect.stringMatching(/^rch_/), beforeSize: expect.any(Number) },
    });
    expect(await reconcile()).toMatchObject({ state: 'done' });
  });

  it('that are damaged keep the agent from starting, with words on what to do', async () => {
    const client = await until(async () => {
      const fresh = new RawClient(sallyport.mcp('echo'), sallyport.token);
      return (await fresh.initialize()).status === 200 ? fresh : undefined;
    });
    await client.call('echo', {});
    await client.call('echo', {});
    await sallyport.stopAgent();
    const file = join(folder(), readdirSync(folder()).sort()[0] ?? '');
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.replace('"server":"echo"', '"server":"ecco"'));
    await expect(sallyport.startAgent()).rejects.toThrow(/is damaged: receipt 1, .*move it away/);
    writeFileSync(file, whole);
    await sallyport.startAgent();
  });

  it('of a busy hour come in as many pages as they need, and the tunnel stays', async () => {
    await sallyport.stopAgent();
    const receipts = new Receipts({
      stateDir: sallyport.agentStateDir,
      agent: 'test-agent',
      clock: systemClock,
      log: quietLogger,
    });
    // More than one message of the tunnel could hold.
    await Promise.all(
      Array.from({ length: 3_000 }, (_, i) =>
        receipts.begin({
          call: `cal_BUSY${String(i).padStart(16, '0')}`,
          server: 'echo',
          session: 'ses_BUSY',
        }),
      ),
    );
    const { n } = receipts.head;
    receipts.close();
    await sallyport.startAgent();
    await until(async () => ((await reconcile()).size === n ? true : undefined));
    const attached = (await sallyport.entries('agent.attached')).length;
    expect(await reconcile()).toMatchObject({ state: 'done', size: n, added: 0 });
    expect(await sallyport.entries('agent.attached')).toHaveLength(attached);
  }, 60_000);
});
