import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../admin/running-api.ts';
import { runProgram } from './run-program.ts';

const AGENT_PROGRAM = fileURLToPath(new URL('../../../agent/src/main.ts', import.meta.url));
const SERVER = fileURLToPath(new URL('./minimal-server.js', import.meta.url));

let api: RunningApi;
let folder: string;
let agent: ChildProcess | undefined;
let agentSaid = '';

beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
});

afterAll(async () => {
  if (agent?.exitCode === null) {
    agent.kill();
    await once(agent, 'close');
  }
  await api.stop();
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]) =>
  runProgram(args, {
    env: { SALLYPORT_URL: api.url, SALLYPORT_TOKEN: api.token('administrator') },
    cwd: folder,
  });

async function startAgent(): Promise<void> {
  const created = await run('agent-token', '--agent', 'branch', '--json');
  writeFileSync(join(folder, 'token'), JSON.parse(created.stdout).token);
  // JSON is YAML.
  const configuration = {
    gateway: `127.0.0.1:${api.tunnelPort}`,
    servers: {
      minimal: { transport: 'stdio', command: [process.execPath, SERVER] },
      broken: { transport: 'stdio', command: [join(folder, 'no-such-program')] },
    },
  };
  writeFileSync(join(folder, 'agent.yaml'), JSON.stringify(configuration));
  agent = spawn(
    process.execPath,
    [
      ...['--conditions=sallyport-source', AGENT_PROGRAM, 'run'],
      ...['--config', 'agent.yaml', '--state', 'state', '--token-file', 'token'],
    ],
    { cwd: folder, env: { PATH: process.env.PATH ?? '' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  for (const stream of [agent.stdout, agent.stderr]) {
    stream?.on('data', (part: Buffer) => {
      agentSaid += part.toString();
    });
  }
}

const register = (server: string): string => `kind: Server\nname: ${server}\nagent: branch\n`;

test('with a real agent: its servers are joined with what it says of them, probed, and the doctor is content', async () => {
  writeFileSync(join(folder, 'minimal.yaml'), register('minimal'));
  expect((await run('apply', '-f', 'minimal.yaml')).code).toBe(0);
  await startAgent();
  const server = async (name: string) => {
    const listed = JSON.parse((await run('servers', 'list', '--json')).stdout);
    return listed.find((each: { name: string }) => each.name === name);
  };
  await expect
    .poll(async () => ({ server: await server('minimal'), agentSaid }), { timeout: 25_000, interval: 200 })
    .toMatchObject({ server: { attached: true, eras: ['legacy'], problem: '' } });
  expect((await server('minimal')).agents).toMatchObject([
    { agent: 'branch', attached: true, status: { serverName: 'minimal', probed: true } },
  ]);

  const probed = await run('servers', 'probe', 'minimal');
  expect(probed).toMatchObject({ code: 0, stdout: expect.stringContaining('Asked branch to probe minimal') });
  expect(await api.entries({ kind: 'server.probe', limit: 1 })).toMatchObject([{ server: 'minimal' }]);

  const doctor = await run('doctor');
  expect(doctor).toMatchObject({ code: 0, stderr: '' });
  expect(doctor.stdout).toMatch(/^ok +agents: branch is attached/m);
  expect(doctor.stdout).toMatch(/^ok +servers: minimal can be used at .*\/mcp\/minimal$/m);
  expect(doctor.stdout).toMatch(/^Nothing is wrong\.$/m);
  expect((await run('status')).stdout).toMatch(/^agents +branch$/m);

  // A server that the agent cannot start, and one that it does not have, are each named with the reason.
  writeFileSync(join(folder, 'bad.yaml'), `${register('broken')}---\n${register('missing')}`);
  expect((await run('apply', '-f', 'bad.yaml')).code).toBe(0);
  const sick = await run('doctor');
  expect(sick.code).toBe(1);
  expect(sick.stdout).toMatch(/^PROBLEM +servers: broken: Agent "branch" says: ./m);
  expect(sick.stdout).toMatch(/^PROBLEM +servers: missing: Agent "branch" has no server named "missing"/m);

  expect((await run('agents', 'revoke', 'branch')).code).toBe(0);
  expect(JSON.parse((await run('agents', 'list', '--json')).stdout)).toMatchObject([
    { name: 'branch', attached: false, revoked: true },
  ]);
}, 90_000);
