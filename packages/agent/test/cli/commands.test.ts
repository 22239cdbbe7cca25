import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { fixture, scratch } from '../gateway-side/agent.ts';
import { TestAuthority } from '../gateway-side/authority.ts';
import { TestGateway } from '../gateway-side/gateway.ts';
import { runAgentProgram } from '../gateway-side/program.ts';

let gateway: TestGateway;
const { path: folder, clean } = scratch();
const config = join(folder, 'agent.yaml');
const state = join(folder, 'state');

beforeAll(async () => {
  gateway = await TestGateway.start();
  writeFileSync(config, stringify({ gateway: gateway.address, servers: { echo: fixture('echo.js') } }));
});
afterAll(() => {
  gateway.stop();
  clean();
});

describe('sallyport-agent', () => {
  it('has help for itself and each command', async () => {
    for (const command of [[], ['enroll'], ['run'], ['servers'], ['doctor']]) {
      const { code, out } = await runAgentProgram([...command, '--help']);
      expect(code).toBe(0);
      expect(out).toContain('Usage: sallyport-agent');
    }
  });

  it('ends with 1 and one clear line on a mistake', async () => {
    const unknown = await runAgentProgram(['frobnicate']);
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain("unknown command 'frobnicate'");
    const missing = await runAgentProgram(['run', '--config', join(folder, 'none.yaml'), '--state', state]);
    expect(missing.code).toBe(1);
    expect(missing.err).toMatch(/^sallyport-agent: .*none\.yaml: can't be read/);
    const unenrolled = await runAgentProgram(['run', '--config', config, '--state', join(folder, 'empty')]);
    expect(unenrolled.code).toBe(1);
    expect(unenrolled.err).toContain('this agent is not enrolled');
  });
});

describe('sallyport-agent enroll', () => {
  it('refuses a gateway of another authority before it shows the token', async () => {
    const other = await TestAuthority.create();
    const token = gateway.token('tester', other.fingerprint);
    const where = join(folder, 'refused');
    const { code, err } = await runAgentProgram([
      'enroll',
      '--gateway',
      gateway.address,
      '--token',
      token,
      '--state',
      where,
    ]);
    expect(code).toBe(1);
    expect(err).toContain('is not the one that issued the token');
    expect(gateway.enrolled).toEqual([]);
  });

  it('says that a token is none', async () => {
    const { code, err } = await runAgentProgram([
      'enroll',
      '--gateway',
      gateway.address,
      '--token',
      'sp-agent.x',
      '--state',
      state,
    ]);
    expect(code).toBe(1);
    expect(err).toContain('this is not an enrolment token');
  });

  it('stores the certificate where only its owner can read it', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, `${gateway.token()}\n`);
    const { code, out } = await runAgentProgram([
      'enroll',
      '--gateway',
      gateway.address,
      '--token-file',
      file,
      '--state',
      state,
    ]);
    expect(out).toContain('enrolled as tester');
    expect(code).toBe(0);
    expect(statSync(state).mode & 0o777).toBe(0o700);
    expect(statSync(join(state, 'identity.json')).mode & 0o777).toBe(0o600);
  });
});

describe('sallyport-agent servers', () => {
  it('lists what each server speaks', async () => {
    const { code, out } = await runAgentProgram(['servers', '--config', config, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out).servers).toMatchObject([
      { name: 'echo', eras: ['legacy'], protocolVersions: ['2025-11-25'], serverName: 'echo', problem: '' },
    ]);
  });

  it('ends with 1 when one has a problem, in words', async () => {
    const broken = join(folder, 'broken.yaml');
    writeFileSync(
      broken,
      stringify({
        gateway: gateway.address,
        servers: {
          gone: { transport: 'stdio', command: ['no-such-command-here'] },
          quits: { transport: 'stdio', command: [process.execPath, '-e', 'process.exit(3)'] },
          web: { transport: 'http', url: 'http://127.0.0.1:1/mcp' },
        },
      }),
    );
    const { code, out } = await runAgentProgram(['servers', '--config', broken]);
    expect(code).toBe(1);
    expect(out).toContain('gone  stdio  problem: gone: the command "no-such-command-here" was not found');
    expect(out).toContain('quits  stdio  problem: it ended before it answered (exit code 3)');
    expect(out).toContain(
      'web  http  problem: the server could not be reached: nothing listens at the address',
    );
  });
});

describe('sallyport-agent doctor', () => {
  it('finds that all is well', async () => {
    const { code, out } = await runAgentProgram(['doctor', '--config', config, '--state', state]);
    expect(out).toContain('all is well');
    expect(out).toMatch(/ok {7}clock of localhost:\d+: differs by \d s/);
    expect(out).toContain('ok       enrolment: enrolled as tester');
    expect(out).toContain('ok       echo answers: echo 1.2.3, legacy (2025-11-25)');
    expect(code).toBe(0);
  });

  it('says of each problem what was found and what to do', async () => {
    const broken = join(folder, 'doctor.yaml');
    const open = join(folder, 'open');
    mkdirSync(open);
    writeFileSync(
      broken,
      stringify({
        gateway: ['localhost:1', 'no-such-host.invalid:7401'],
        servers: { gone: { transport: 'stdio', command: ['no-such-command-here'], cwd: 'nowhere' } },
      }),
    );
    const { code, out } = await runAgentProgram(['doctor', '--config', broken, '--state', open, '--json']);
    expect(code).toBe(1);
    const { ok, checks } = JSON.parse(out) as {
      ok: boolean;
      checks: { name: string; ok: boolean; cure: string }[];
    };
    expect(ok).toBe(false);
    const problems = checks.filter((check) => !check.ok);
    expect(problems.map((check) => check.name)).toEqual([
      'enrolment',
      'port of localhost:1',
      'name of no-such-host.invalid:7401',
      'gone folder',
      'gone command',
      'gone answers',
    ]);
    for (const problem of problems) expect(problem.cure).not.toBe('');
  });

  it('finds a gateway that is another one', async () => {
    const other = await TestGateway.start();
    const elsewhere = join(folder, 'elsewhere.yaml');
    writeFileSync(elsewhere, stringify({ gateway: other.address, servers: {} }));
    const { code, out } = await runAgentProgram(['doctor', '--config', elsewhere, '--state', state]);
    other.stop();
    expect(code).toBe(1);
    expect(out).toMatch(/problem {2}certificate of localhost:\d+: .*another fingerprint/);
  });
});
