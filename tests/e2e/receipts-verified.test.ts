import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Receipts } from '../../packages/agent/src/receipts/index.ts';
import { Exported, verify } from '../../packages/gateway/test/audit/exported.ts';
import { quietLogger } from '../../packages/gateway/test/store/postgres.ts';
import { commandsOf } from '../framework/commands.ts';
import { echoServer, RawClient, type Sallyport, startSallyport } from '../framework/index.ts';

const RECEIPTS = 'receipts/receipts.ndjson';
let sallyport: Sallyport;
let folder: string;
let genuine: Exported;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-receipts-'));
  sallyport = await startSallyport({ servers: { echo: echoServer() } });
  const client = new RawClient(sallyport.mcp('echo'), sallyport.token);
  await client.initialize();
  for (let i = 0; i < 10; i += 1) await client.call('echo', { i }, i + 1);
  await reconcile();
  for (let i = 0; i < 10; i += 1) await client.call('echo', { i }, i + 20);
  genuine = await exported('genuine');
}, 60_000);
afterAll(async () => {
  await sallyport?.stop();
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]) => commandsOf(sallyport, folder)(...args);

async function reconcile(): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return await run('audit', 'reconcile', 'test-agent');
}

async function exported(name: string): Promise<Exported> {
  await reconcile();
  expect(await run('audit', 'export', '--out', name)).toMatchObject({ code: 0, stderr: '' });
  return new Exported(join(folder, name));
}

test('an export has the receipts, and they are proven beside the log', async () => {
  const { code, stdout, stderr } = await verify(genuine.folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/2\d receipts of 1 agents agree: no call ran without an intent/);
  const listed = JSON.parse((await run('audit', 'receipts', '--json')).stdout);
  expect(listed).toMatchObject([{ agent: 'test-agent', size: genuine.lines(RECEIPTS).length }]);
});

test('a part of the log comes with its receipts, and they are proven', async () => {
  const intents = genuine
    .lines('entries/000000000000.ndjson')
    .map((leaf) => JSON.parse(leaf))
    .filter(({ kind }) => kind === 'call.intent');
  // Behind an intent: its call ends in the part, and its receipt is the one before the first of the part's.
  const from = intents[13].seq + 1;
  const made = await run('audit', 'export', '--from', String(from), '--out', 'part');
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const part = new Exported(join(folder, 'part'));
  const { code, stdout, stderr } = await verify(part.folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/ receipts of 1 agents agree/);
  expect(part.lines(RECEIPTS).length).toBeLessThan(genuine.lines(RECEIPTS).length);
  part.edit(RECEIPTS, (lines) => lines.toSpliced(3, 1));
  part.fixManifest();
  expect((await verify(part.folder)).stderr).toMatch(/receipt \d+ of agent test-agent is missing/);
});

test('a part of the log without calls has the last receipt, for the head that an entry has', async () => {
  await reconcile();
  const { size } = JSON.parse(genuine.read('MANIFEST.json'));
  const from = String(size);
  const made = await run('audit', 'export', '--from', from, '--out', 'quiet');
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const { code, stderr } = await verify(join(folder, 'quiet'));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

const attacks: Record<string, [(files: Exported) => void, RegExp]> = {
  'a receipt is changed': [
    (files) =>
      files.edit(RECEIPTS, ([first = '', ...rest]) => [
        first.replace('"server":"echo"', '"server":"ecco"'),
        ...rest,
      ]),
    /receipt 1 of agent test-agent does not follow on the one before/,
  ],
  'a receipt in the middle is removed': [
    (files) => files.edit(RECEIPTS, (lines) => lines.toSpliced(4, 1)),
    /receipt 4 of agent test-agent is missing/,
  ],
  'the last receipts are removed': [
    (files) => files.edit(RECEIPTS, (lines) => lines.slice(0, -3)),
    /entry \d+: receipt \d+ of agent test-agent is missing: entry \d+ counts/,
  ],
  'receipts change places': [
    (files) => files.edit(RECEIPTS, ([a = '', b = '', ...rest]) => [b, a, ...rest]),
    /receipt 2 of agent test-agent is missing|does not follow/,
  ],
  'all receipts are exchanged for none': [
    (files) => files.write(RECEIPTS, ''),
    /receipt 0 of agent test-agent is missing/,
  ],
};

test.each(Object.entries(attacks))(
  'where %s it is caught, with the agent and the receipt',
  async (_, [attack, says]) => {
    const files = genuine.copy();
    attack(files);
    files.fixManifest();
    const { code, stderr } = await verify(files.folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(says);
    files.remove();
  },
);

test('where the file of receipts is left out, the log’s own entry tells', async () => {
  const files = genuine.copy();
  rmSync(join(files.folder, 'receipts'), { recursive: true });
  const manifest = JSON.parse(files.read('MANIFEST.json'));
  manifest.files = manifest.files.filter(({ path }: { path: string }) => path !== RECEIPTS);
  files.write('MANIFEST.json', JSON.stringify(manifest));
  expect((await verify(files.folder)).stderr).toMatch(/receipts.ndjson: entry \d+: it is missing/);
  files.remove();
});

test('an agent’s receipt without an intent is caught by the gateway at once, and by the verifier with its entry', async () => {
  // A call that was given to the agent's server and that no log knows of.
  await sallyport.stopAgent();
  const receipts = new Receipts({
    stateDir: sallyport.agentStateDir,
    agent: 'test-agent',
    clock: systemClock,
    log: quietLogger,
  });
  await receipts.begin({ call: 'cal_UNRECORDED', server: 'echo', session: 'ses_1' });
  receipts.close();
  await sallyport.startAgent();
  let found: Record<string, unknown> | undefined;
  for (let tries = 0; tries < 100 && found === undefined; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    found = (await sallyport.entries('agent.receipt_unmatched'))[0];
  }
  expect(found).toMatchObject({ call: 'cal_UNRECORDED', agent: 'test-agent' });
  const files = await exported('unrecorded');
  const { code, stderr } = await verify(files.folder);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    new RegExp(
      `entry ${String(found?.seq)}: agent test-agent executed the call cal_UNRECORDED .* the log has no intent of it`,
    ),
  );
});
