import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../admin/running-api.ts';
import { type Ended, runProgram, startProgram } from './run-program.ts';

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

describe('audit entries', () => {
  test('are found by their filters', async () => {
    await api.group('audited');
    const entries = await runJson('audit', 'entries', '--kind', 'config.change', '--limit', '1');
    expect(entries).toMatchObject([{ kind: 'config.change', entry: { kind: 'config.change' } }]);
    expect((await run(['audit', 'entries', '--kind', 'config.change'])).stdout).toMatch(/^SEQ +TIME +KIND/);
  });

  test('--follow prints what comes, and does not fill an idle log with its own reading', async () => {
    const program = startProgram(['audit', 'entries', '--follow', '--json', '--limit', '1'], {
      env: environment('auditor'),
    });
    let out = '';
    program.stdout?.on('data', (part: Buffer) => {
      out += part.toString();
    });
    try {
      await expect.poll(() => out, { timeout: 20_000 }).toMatch(/\n$/);
      for (const name of ['followed-1', 'followed-2']) {
        await api.group(name);
        await expect.poll(() => out, { timeout: 20_000 }).toContain(name);
      }
      const lines = out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(new Set(lines.map(({ seq }) => seq)).size).toBe(lines.length);
      const own = lines.filter(
        ({ kind, entry }) => kind === 'log.read' && entry.actor.name === 'test-auditor',
      );
      expect(own).toEqual([]);
      // Whatever it has read by now, it has read; with nothing new it must stay at that.
      await expect
        .poll(
          async () => {
            const before = api.rooms.audit.size();
            await new Promise((resolve) => setTimeout(resolve, 2_500));
            return api.rooms.audit.size() - before;
          },
          { timeout: 15_000 },
        )
        .toBe(0);
    } finally {
      program.kill();
      await once(program, 'close');
    }
  });

  test('a reader that stops early is not a failure', async () => {
    const program = startProgram(['audit', 'entries', '--limit', '499'], { env: environment() });
    program.stdout?.destroy();
    let stderr = '';
    program.stderr?.on('data', (part: Buffer) => {
      stderr += part.toString();
    });
    const [code] = await once(program, 'close');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('doctor and status', () => {
  test('the doctor says what is wrong in words and ends with 1', async () => {
    await runJson('agent-token', '--agent', 'sick');
    const ended = await run(['doctor']);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(/^ok +token: .*test-administrator \(administrator\)/m);
    expect(ended.stdout).toMatch(/^ok +gateway: the database answers/m);
    expect(ended.stdout).toMatch(/^PROBLEM +agents: sick is not attached/m);
    const asJson = await run(['doctor', '--json']);
    expect(asJson.code).toBe(1);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ ok: false });
  });

  test.each([
    [
      'nothing answers',
      { SALLYPORT_URL: 'http://127.0.0.1:9', SALLYPORT_TOKEN: 'x' },
      /PROBLEM +token: .*127\.0\.0\.1:9/,
    ],
    ['no settings', {}, /PROBLEM +settings: no gateway found/],
  ])('the doctor finds that %s', async (_, env, line) => {
    const ended = await runProgram(['doctor'], { env, cwd: folder });
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(line);
  });

  test('a wrong token is found', async () => {
    const env = { SALLYPORT_URL: api.url, SALLYPORT_TOKEN: 'wrong' };
    const ended = await runProgram(['doctor'], { env, cwd: folder });
    expect(ended.stdout).toMatch(/PROBLEM +token: The token is not valid/);
  });

  test('the status is a few lines', async () => {
    expect((await run(['status'])).stdout).toMatch(/^audit log +test\/log\/0, \d+ entries, can be written$/m);
    expect(await runJson('status')).toMatchObject({ publicUrl: api.url, log: { healthy: true } });
  });
});

describe('the program', () => {
  test("finds the gateway by the quick start's file", async () => {
    const data = join(folder, '.sallyport');
    mkdirSync(data);
    writeFileSync(
      join(data, 'quickstart.json'),
      JSON.stringify({ gateway: api.url, tokens: { admin: api.token('operator') } }),
    );
    const ended = await runProgram(['status', '--json'], { cwd: folder });
    expect(ended.code).toBe(0);
    rmSync(data, { recursive: true });
  });

  test('never sends a token in the clear to another machine', async () => {
    const env = { SALLYPORT_URL: 'http://192.0.2.1:7400', SALLYPORT_TOKEN: 'x' };
    expect(await runProgram(['status'], { env })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/without TLS/),
    });
  });

  test('a role that is missing is named in one line', async () => {
    const ended = await runProgram(['token', 'list'], { env: environment('user') });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^sallyport-gateway: .*needs the role administrator or auditor.*\n$/);
  });

  test.each([
    [['token', 'create', '--name', 'x'], /--expires/],
    [['token', 'create', '--name', 'x', '--expires', '30'], /90s, 15m, 12h or 30d/],
    [['no-such-command'], /no-such-command/],
    [['audit', 'entries', '--limit', '0'], /1 to 499/],
    [['policy', 'decide', '--principal', 'x', '--server', 's', '--arguments', '{'], /not valid JSON/],
  ])('%j ends with 1 and a line that says why', async (args, line) => {
    const ended = await run(args);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(line);
    expect(ended.stderr).not.toMatch(/\n +at /);
  });

  test('every command has help with an example', async () => {
    const commands = [
      ...['serve', 'migrate', 'apply', 'status', 'doctor', 'agent-token', 'token', 'audit'].map((name) => [
        name,
      ]),
      ...[
        ['token', 'create'],
        ['token', 'list'],
        ['token', 'revoke'],
        ['agent-token', 'create'],
      ],
      ...[
        ['agents', 'list'],
        ['agents', 'revoke'],
        ['servers', 'list'],
        ['servers', 'probe'],
      ],
      ...[
        ['sessions', 'list'],
        ['sessions', 'kill'],
        ['audit', 'entries'],
      ],
      ...[
        ['policy', 'check'],
        ['policy', 'decide'],
      ],
      ...[
        ['documents', 'list'],
        ['documents', 'show'],
        ['documents', 'delete'],
      ],
    ];
    for (const command of commands) {
      const ended = await runProgram([...command, '--help']);
      expect({ command, code: ended.code }).toEqual({ command, code: 0 });
      expect(ended.stdout).toContain(`$ sallyport-gateway ${command[0]}`);
    }
  });
});
