import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPolicy } from '../../../packages/gateway/src/audit/index.ts';
import { type RunningApi, startApi } from '../../../packages/gateway/test/admin/running-api.ts';
import { intent, outcome } from '../../../packages/gateway/test/audit/draft.ts';
import { Exported, verify } from '../../../packages/gateway/test/audit/exported.ts';
import { runProgram } from '../../../packages/gateway/test/cli/run-program.ts';
import { rewrite, stealKey } from './rewrite.ts';
import { agentWitness, scratch, startWitness } from './setup.ts';

const CHECKPOINTS = 'checkpoints.ndjson';
const COSIGNATURES = 'witnesses/cosignatures.ndjson';
const { path: folder, remove } = scratch();
const policyFile = join(folder, 'witness-policy');
let api: RunningApi;
let stopWitness: () => Promise<void>;
let genuine: Exported;
/** The log's key, as whoever has the database and the master key has it. */
let stolen: Uint8Array;
let agentAsk: Awaited<ReturnType<typeof agentWitness>>['ask'];

beforeAll(async () => {
  // A witness is set up with the log's key, which a first start shows; here the agent's machine plays its part.
  let logKeys: readonly string[] = [];
  const bank = await startWitnessLater(() => logKeys);
  stopWitness = bank.stop;
  const policy = `witness bank ${bank.key} http://127.0.0.1:${bank.port}\nagents agents\ngroup both all agents bank\nquorum both\n`;
  writeFileSync(policyFile, policy);
  api = await startApi({
    witnessing: {
      policy: readPolicy(policy, 'the policy'),
      refuses: false,
      outbound: { privateHosts: [`127.0.0.1:${bank.port}`] },
    },
  });
  const { audit } = api.rooms;
  logKeys = audit.signing()?.keys ?? [];
  await bank.begin();
  const agent = await agentWitness(join(folder, 'agent'), () => logKeys);
  agentAsk = agent.ask;
  await audit.witnesses?.agentAttached('branch', agent.key, agent.ask);
  for (let call = 0; call < 6; call += 1) {
    await audit.record(intent(`cal_${call}`));
    await audit.record(outcome(`cal_${call}`));
    await audit.witnesses?.settled(await audit.makeCheckpoint());
  }
  stolen = await stealKey(api);
  await run('audit', 'export', '--out', join(folder, 'genuine'));
  genuine = new Exported(join(folder, 'genuine'));
}, 60_000);

afterAll(async () => {
  await api.stop();
  await stopWitness();
  remove();
});

/** Its address and key are in the policy before the log, which it must know, has begun. */
async function startWitnessLater(logKeys: () => readonly string[]) {
  const state = join(folder, 'bank');
  const first = await startWitness(state, []);
  await first.stop();
  let running: Awaited<ReturnType<typeof startWitness>> | undefined;
  return {
    key: first.key,
    port: first.port,
    begin: async () => {
      const notes = logKeys().filter((key) => key.includes('+A'));
      running = await startWitness(state, notes, first.port);
    },
    stop: async () => await running?.stop(),
  };
}

const run = (...args: string[]) =>
  runProgram(args, { env: { SALLYPORT_URL: api.url, SALLYPORT_TOKEN: api.token('auditor') }, cwd: folder });

const ghost = (leaves: string[]): string[] => leaves.map((leaf) => leaf.replace('"robot"', '"ghost"'));
const quorum = () => ['--policy', policyFile];

test('what an agent and an independent witness have countersigned is proven by the policy', async () => {
  const said = await verify(genuine.folder, ...quorum());
  expect(said).toMatchObject({ code: 0, stderr: '' });
  const last = Number(JSON.parse(genuine.read('MANIFEST.json')).size) - 1;
  expect(said.stdout).toContain(`countersigned by the quorum "both" up to entry ${last}`);
  expect(said.stdout).toMatch(/witness bank: \d+ checkpoints/);
  expect(said.stdout).not.toContain('agents alone');
  const without = await verify(genuine.folder);
  expect(without.stdout).toMatch(/NOT PROVEN BY THIS:\n.*no --policy was given/);
});

test('agents alone are said to be so', async () => {
  const file = join(folder, 'agents-alone');
  writeFileSync(file, 'agents agents\nquorum agents\n');
  const said = await verify(genuine.folder, '--policy', file);
  expect(said).toMatchObject({ code: 0 });
  expect(said.stdout).toContain('no independent witness, agents alone');
});

test('the whole history rewritten and signed anew with the stolen key: the cosignatures show another history', async () => {
  const files = genuine.copy();
  rewrite(files, stolen, ghost);
  const said = await verify(files.folder, ...quorum());
  expect(said).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /NOT PROVEN: witnesses\/cosignatures\.ndjson: entry \d+: checkpoint \d+: the cosignature of .* is not over its \d+ entries with root .*: the witness has seen another history/,
    ),
  });
  files.remove();
});

test('the same with all cosignatures taken away: the quorum has countersigned nothing', async () => {
  const files = genuine.copy();
  files.write(COSIGNATURES, '');
  rewrite(files, stolen, ghost);
  expect(await verify(files.folder, ...quorum())).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/entry 0: the quorum "both" has countersigned no checkpoint/),
  });
  // Without the policy nothing is claimed that is not so.
  const said = await verify(files.folder);
  expect(said).toMatchObject({ code: 0, stdout: expect.stringContaining('nobody has countersigned') });
  files.remove();
});

test('the same with one witness missing, or cosignatures by keys of the attacker', async () => {
  const files = genuine.copy();
  const bankKey = genuine
    .lines('witnesses/keys.ndjson')
    .map((line) => JSON.parse(line))
    .find(({ kind }) => kind === 'witness')?.key;
  files.edit(COSIGNATURES, (lines) => lines.filter((line) => JSON.parse(line).key !== bankKey));
  files.fixManifest();
  expect(await verify(files.folder, ...quorum())).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/countersigned no checkpoint/),
  });
  const [line = ''] = genuine.lines(COSIGNATURES);
  const { key } = JSON.parse(line);
  files.edit(COSIGNATURES, () =>
    genuine.lines(COSIGNATURES).map((each) => JSON.stringify({ ...JSON.parse(each), key })),
  );
  files.fixManifest();
  expect(await verify(files.folder, ...quorum())).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/the cosignature of .* is not over/),
  });
  files.remove();
});

test('a fork with the stolen key, two checkpoints of one size: the witness has the other one, and both are evidence', async () => {
  const files = genuine.copy();
  files.write(COSIGNATURES, '');
  rewrite(files, stolen, ghost);
  const { note } = JSON.parse(files.lines(CHECKPOINTS).at(-1) ?? '{}');
  const size = Number(note.split('\n')[1]);
  const answer = await agentAsk(`old ${size}\n\n${note}`);
  expect(answer).toMatchObject({ status: 409, body: `${size}\n` });
  const honest = genuine.copy();
  const conflict = {
    at: new Date().toISOString(),
    witness: 'sallyport-agent/branch',
    key: '',
    status: 409,
    heldSize: size,
    shown: note,
    held: answer?.held,
    answer: answer?.body,
  };
  honest.write('witnesses/conflicts.ndjson', `${JSON.stringify(conflict)}\n`);
  honest.fixManifest();
  expect(await verify(honest.folder)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      new RegExp(
        `conflicts.ndjson: entry ${size - 1}: line 1: the log's key has signed two histories: ${size} entries with root`,
      ),
    ),
  });
  for (const each of [files, honest]) rmSync(each.folder, { recursive: true });
});

test('a policy that can not be read is no proof', async () => {
  const file = join(folder, 'broken');
  for (const [text, says] of [
    ['quorum nobody\n', /line 1: "nobody" is no quorum/],
    ['witness a b\nquorum a\n', /line 1: it has no key of cosignatures/],
    ['agents agents\n', /it has no line "quorum NAME"/],
  ] as const) {
    writeFileSync(file, text);
    expect(await verify(genuine.folder, '--policy', file)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(says),
    });
  }
});
