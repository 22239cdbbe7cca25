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
