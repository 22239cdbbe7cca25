import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../admin/running-api.ts';
import { type Ended, runProgram } from './run-program.ts';

let api: RunningApi;
let folder: string;

beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
});

afterAll(async () => {
  await api.stop();
  rmSync(folder, { recursive: true });
});

const environment = (role: Parameters<RunningApi['token']>[0] = 'administrator') => ({
  SALLYPORT_URL: api.url,
  SALLYPORT_TOKEN: api.token(role),
});

/** Runs a command as an administrator, in a folder of its own. */
const run = (args: readonly string[], stdin?: string): Promise<Ended> =>
  runProgram(args, { env: environment(), cwd: folder, ...(stdin === undefined ? {} : { stdin }) });

async function runJson(...args: string[]) {
  const ended = await run([...args, '--json']);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(ended.stdout);
}

const DOCUMENTS = `
kind: Group
name: engineers
---
kind: Server
name: everything
agent: branch
---
kind: Policy
name: engineers-use-everything
cedar: |
  permit (principal in Sallyport::Group::"engineers", action in Sallyport::Action::"use", resource in Sallyport::Server::"everything");
`;

describe('apply', () => {
  test('a dry run shows differences and changes nothing; the apply does; the same again is unchanged', async () => {
    writeFileSync(join(folder, 'all.yaml'), DOCUMENTS);
    const version = api.rooms.registry.snapshot().version;
    const dry = await run(['apply', '-f', 'all.yaml', '--dry-run']);
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toContain('would create Server/everything');
    expect(dry.stdout).toMatch(/^\+.*agents?:/m);
    expect(api.rooms.registry.snapshot().version).toBe(version);

    const applied = await run(['apply', '-f', 'all.yaml']);
    expect(applied.stdout).toContain('created Policy/engineers-use-everything');
    expect(api.rooms.registry.snapshot().servers.has('everything')).toBe(true);
    const again = await runJson('apply', '-f', 'all.yaml');
    expect(again.changes.map((change: { effect: string }) => change.effect)).toEqual(
      Array(3).fill('unchanged'),
    );
  });

  test('the standard input is taken, and documents can be shown and deleted', async () => {
    const applied = await run(['apply', '-f', '-'], 'kind: Group\nname: from-stdin\n');
    expect(applied.stdout).toContain('created Group/from-stdin');
    expect((await run(['documents', 'show', 'Group', 'from-stdin'])).stdout).toContain('name: from-stdin');
    expect((await run(['documents', 'delete', 'Group', 'from-stdin'])).stdout).toContain(
      'deleted Group/from-stdin',
    );
    expect(
      (await runJson('documents', 'list', '--kind', 'Group')).map(({ name }: { name: string }) => name),
    ).not.toContain('from-stdin');
  });

  test('problems are lines with their places, on the standard error, with the exit code 1', async () => {
    writeFileSync(join(folder, 'bad.yaml'), 'kind: Group\nname: fine\n---\nkind: Spaceship\nname: x\n');
    for (const more of [[], ['--dry-run']]) {
      const ended = await run(['apply', '-f', 'bad.yaml', ...more]);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/^sallyport-gateway: .*\n {2}bad\.yaml:4 .*Spaceship.*\n$/);
    }
  });

  test('a file that is not there is one line', async () => {
    expect(await run(['apply', '-f', 'nothing.yaml'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^sallyport-gateway: cannot read nothing\.yaml: .*ENOENT.*\n$/),
    });
  });
});

describe('token', () => {
  test('create prints id and token for scripts; the token works, shows in the list, and can be revoked', async () => {
    await api.group('engineers');
    const created = await runJson(
      'token',
      'create',
      '--name',
      'robot',
      '--group',
      'engineers',
      '--expires',
      '30d',
    );
    expect(created).toMatchObject({ id: expect.stringMatching(/^tok_/), token: expect.any(String) });
    const me = await api.call('GET', '/api/v1/me', { token: created.token });
    expect(me.body.principal).toMatchObject({ name: 'robot', groups: ['engineers'] });
    const days = (Date.parse(created.expiresAt) - Date.parse(created.createdAt)) / 86_400_000;
    expect(days).toBeCloseTo(30, 5);
    const list = await runJson('token', 'list');
    expect(list).toContainEqual(expect.objectContaining({ id: created.id, serviceAccount: 'robot' }));
    expect((await run(['token', 'revoke', created.id])).stdout).toContain(
      `Token ${created.id} of robot is revoked`,
    );
    expect((await api.call('GET', '/api/v1/me', { token: created.token })).status).toBe(401);
  });

  test('without --json the token is a line of its own', async () => {
    const ended = await run(['token', 'create', '--name', 'person', '--role', 'auditor', '--expires', '15m']);
    const token = ended.stdout.trimEnd().split('\n').at(-1);
    const me = await api.call('GET', '/api/v1/me', { ...(token === undefined ? {} : { token }) });
    expect(me.body.principal).toMatchObject({ name: 'person', roles: ['auditor'] });
  });
});

describe('agents and servers', () => {
  test.each([
    ['agent-token', 'create', '--agent', 'branch', '--expires', '30m'],
    ['agent-token', '--agent', 'branch'],
  ])('%s %s %s makes an enrolment token', async (...args) => {
    expect(await runJson(...args)).toMatchObject({ agent: 'branch', token: expect.any(String) });
  });

  test('an agent is listed and revoked, in words', async () => {
    await runJson('agent-token', '--agent', 'leaving');
    expect((await run(['agents', 'list'])).stdout).toMatch(/^leaving +away/m);
    expect((await run(['agents', 'revoke', 'leaving'])).stdout).toContain('Agent leaving is revoked');
    expect((await run(['agents', 'list'])).stdout).toMatch(/^leaving +revoked/m);
    expect(await run(['agents', 'revoke', 'nobody'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sallyport-gateway: There is no agent named "nobody"/),
    });
  });

  test('a server whose agent is away says so; probing it is refused', async () => {
    writeFileSync(join(folder, 'ledger.yaml'), 'kind: Server\nname: ledger\nagent: branch\n');
    await run(['apply', '-f', 'ledger.yaml']);
    expect((await run(['servers', 'list'])).stdout).toMatch(/^ledger +branch \(away\).*\/mcp\/ledger/m);
    expect(await run(['servers', 'probe', 'ledger'])).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('sessions', () => {
  test('one is listed and killed', async () => {
    await api.addSession('ses_cli');
    const listed = await runJson('sessions', 'list');
    expect(listed).toContainEqual(expect.objectContaining({ id: 'ses_cli', server: 'everything' }));
    expect((await run(['sessions', 'kill', 'ses_cli', '--reason', 'test'])).stdout).toBe(
      'Session ses_cli has been ended.\n',
    );
    expect((await run(['sessions', 'kill', 'ses_cli'])).code).toBe(1);
  });
});

describe('policy', () => {
  test('check says where a text is wrong, and nothing where it is sound', async () => {
    writeFileSync(join(folder, 'broken.cedar'), 'permit (principal, action,\n');
    const broken = await run(['policy', 'check', '-f', 'broken.cedar']);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain('broken.cedar:');
    writeFileSync(join(folder, 'sound.cedar'), 'permit (principal, action, resource);\n');
    writeFileSync(join(folder, 'sound.yaml'), DOCUMENTS);
    expect(await run(['policy', 'check', '-f', 'sound.cedar', 'sound.yaml'])).toMatchObject({
      code: 0,
      stdout: 'No problems.\n',
    });
  });

  test('decide explains', async () => {
    writeFileSync(
      join(folder, 'decide.yaml'),
      `${DOCUMENTS}---\nkind: ServiceAccount\nname: eve\ngroups: [engineers]\n`,
    );
    expect((await run(['apply', '-f', 'decide.yaml'])).code).toBe(0);
    const decided = await run([
      ...['policy', 'decide', '--principal', 'eve', '--server', 'everything', '--tool', 'echo'],
      ...['--arguments', '{"message":"hi"}'],
    ]);
    expect(decided.stdout).toContain('allow: eve may call tool "echo" of "everything"');
    expect(
      await runJson('policy', 'decide', '--principal', 'eve', '--server', 'ledger', '--tool', 'echo'),
    ).toMatchObject({
      effect: 'deny',
    });
  });
});
