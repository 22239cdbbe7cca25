import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, tryPort } from '../quickstart/ports.ts';
import { isAlive, parentOf, startMark } from '../quickstart/process-facts.ts';
import { ending, lineFrom, runStart, START, temporaryFolder } from './framework/quickstart.ts';

// The whole quick start with its real processes. It builds by itself; a cold build and database take a while.
const COLD_MS = 180_000;
const CALL = fileURLToPath(new URL('../quickstart/call.ts', import.meta.url));
const SERVERS = ['everything', 'filesystem', 'core-banking', 'core-banking-http'];

let folder: { path: string; remove: () => Promise<void> };
let environment: Record<string, string>;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await temporaryFolder();
  environment = {
    SALLYPORT_DATA_DIR: folder.path,
    SALLYPORT_PORT: String(await freePort(undefined)),
    SALLYPORT_TUNNEL_PORT: String(await freePort(undefined)),
  };
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await folder.remove();
});

interface Facts {
  gateway: string;
  mcp: Record<string, string>;
  tokens: Record<'engineer' | 'approver' | 'admin' | 'auditor', string>;
  pids: { gateway: number; agent: number; postgres: number };
}

function facts(): Facts {
  return JSON.parse(readFileSync(join(folder.path, 'quickstart.json'), 'utf8'));
}

function launch() {
  const child = spawn(process.execPath, [START], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...environment },
  });
  running.add(child);
  const ended = ending(child).finally(() => running.delete(child));
  const ready = lineFrom(child, /Sallyport is ready/);
  ready.catch(() => undefined); // Some tests stop it before; those that wait for it see the rejection.
  return { child, ended, ready };
}

/** Everything that was started under a process, with the marks that tell a process from a later one of its number. */
function family(root: number): { pid: number; mark: string }[] {
  const isUnder = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parentOf(at))
      if (at === root) return true;
    return false;
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(isUnder)
    .map((pid) => ({ pid, mark: startMark(pid) }));
}

async function untilGone(processes: readonly { pid: number; mark: string }[]): Promise<number[]> {
  const left = () =>
    processes.filter(({ pid, mark }) => isAlive(pid) && startMark(pid) === mark).map(({ pid }) => pid);
  for (let attempt = 0; attempt < 300 && left().length > 0; attempt += 1) await sleep(100);
  return left();
}

async function api(path: string, init: RequestInit & { token: string }): Promise<Record<string, unknown>> {
  const response = await fetch(`${facts().gateway}/api/v1${path}`, {
    ...init,
    headers: {
      authorization: `Bearer ${init.token}`,
      ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
  expect(response.ok, `${path}: ${response.status}`).toBe(true);
  return (await response.json()) as Record<string, unknown>; // The API answers with objects.
}

async function demoCall(): Promise<string> {
  const call = spawn(process.execPath, [CALL], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...environment },
  });
  const { code, output } = await ending(call);
  expect(code, output).toBe(0);
  return output;
}

describe('the quick start', () => {
  let first: ReturnType<typeof launch>;

  it('brings everything up and writes where it is', { timeout: COLD_MS }, async () => {
    first = launch();
    await first.ready;
    const { mcp, tokens, pids } = facts();
    expect(Object.keys(mcp)).toEqual(SERVERS);
    expect(mcp.everything).toBe(`http://localhost:${environment.SALLYPORT_PORT}/mcp/everything`);
    expect(new Set(Object.values(tokens)).size).toBe(4);
    for (const pid of Object.values(pids)) expect(isAlive(pid)).toBe(true);
    expect(statSync(join(folder.path, 'quickstart.json')).mode & 0o777).toBe(0o600);
    expect(existsSync(join(folder.path, 'agent-enrolment.token'))).toBe(false);
    const { items } = await api('/servers', { token: tokens.admin });
    expect(
      (items as { name: string; problem: string }[]).map(({ name, problem }) => `${name}:${problem}`).sort(),
    ).toEqual(SERVERS.map((name) => `${name}:`).sort());
  });

  it('has first calls ready: one allowed, one denied, one approved by another, all in the log', {
    timeout: 60_000,
  }, async () => {
    const output = await demoCall();
    expect(output).toMatch(/tools\/list\s+(?!.*close_account).*search_customers/);
    expect(output).toContain('CUS-000001');
    expect(output).toMatch(/search_customers\s+→ allow \(permitted, engineers-use-core-banking/);
    expect(output).toMatch(/transfer_funds\s+→ deny \(forbidden, small-transfers-only/);
    expect(output).toMatch(/held as apr_\w+; "approver" looks at it/);
    expect(output).toContain('risk "write", kinds update, writes cards');
    expect(output).toContain('UPDATE: 1 rows changed.');
    const kinds = [...output.matchAll(/^ {2}#\d+\s+\S+\s+(\S+)\s+(\S+)\s+(?:tools\/call )?run_query/gm)];
    expect(kinds.map(([, kind, actor]) => `${kind} ${actor}`)).toEqual([
      'approval.requested engineer',
      'approval.viewed approver',
      'approval.decided approver',
      'approval.used engineer',
      'call.intent engineer',
      'call.outcome engineer',
    ]);
  });

  it('refuses a second start on its folder', async () => {
    const { code, output } = await runStart(environment);
    expect(code).toBe(1);
    expect(output).toContain(`process ${first.child.pid}`);
  });

  it('starts a dead agent and a dead gateway again and says so', { timeout: 90_000 }, async () => {
    for (const name of ['agent', 'gateway'] as const) {
      const before = facts().pids[name];
      const said = lineFrom(first.child, new RegExp(`${name} ended \\(killed by SIGKILL\\)`));
      process.kill(before, 'SIGKILL');
      await said;
      for (let attempt = 0; attempt < 300 && facts().pids[name] === before; attempt += 1) await sleep(100);
      expect(facts().pids[name]).not.toBe(before);
      await untilReady();
    }
    expect(await demoCall()).toContain('→ allow');
    expect(isAlive(facts().pids.postgres)).toBe(true);
  });

  it('stops everything at SIGTERM', { timeout: 60_000 }, async () => {
    const all = family(first.child.pid ?? 0);
    expect(all.length).toBeGreaterThan(5);
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
    expect(await untilGone(all)).toEqual([]);
    expect(existsSync(join(folder.path, 'quickstart.lock'))).toBe(false);
  });

  it('goes on with its data, tokens and edits, and leaves nothing behind when it is killed', {
    timeout: COLD_MS,
  }, async () => {
    const before = facts();
    const second = launch();
    await second.ready;
    expect(facts().tokens).toEqual(before.tokens);
    // What a person has changed stays over a start.
    const policy =
      'kind: Policy\nname: small-transfers-only\nenabled: false\ncedar: |\n  forbid (principal, action, resource);\n';
    await api('/apply', {
      method: 'POST',
      body: JSON.stringify({ yaml: policy, dryRun: false }),
      token: before.tokens.admin,
    });
    await api('/documents/Policy/engineers-use-filesystem', { method: 'DELETE', token: before.tokens.admin });

    const all = family(second.child.pid ?? 0);
    second.child.kill('SIGKILL');
    await second.ended;
    // At once: the third start waits for what the killed one left to end by itself.
    const third = launch();
    await third.ready;
    expect(await untilGone(all)).toEqual([]);
    const { items } = await api('/documents?kind=Policy', { token: before.tokens.admin });
    const policies = items as { name: string; spec: { enabled: boolean } }[];
    expect(policies.find(({ name }) => name === 'small-transfers-only')?.spec.enabled).toBe(false);
    expect(policies.some(({ name }) => name === 'engineers-use-filesystem')).toBe(false);
    const ours = family(third.child.pid ?? 0);
    third.child.kill('SIGINT');
    expect((await third.ended).code).toBe(0);
    expect(await untilGone(ours)).toEqual([]);
  });

  it.each(['build', 'gateway', 'servers and policies', 'agent'])(
    'can be stopped while it starts, before "%s" is done',
    { timeout: 60_000 },
    async (step) => {
      const steps = ['build', 'gateway', 'servers and policies', 'core-banking (HTTP)', 'agent'];
      const previous = steps[steps.indexOf(step) - 1];
      const { child, ended } = launch();
      await lineFrom(
        child,
        previous === undefined ? /quick start, data in/ : new RegExp(`✓ ${previous.replace(/[()]/g, '.')}`),
      );
      await sleep(150);
      const all = family(child.pid ?? 0);
      child.kill('SIGTERM');
      expect((await ended).code).toBe(0);
      expect(await untilGone(all)).toEqual([]);
      expect(existsSync(join(folder.path, 'quickstart.lock'))).toBe(false);
      expect(await tryPort(Number(environment.SALLYPORT_PORT))).toBeUndefined();
    },
  );
});

async function untilReady(): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const response = await fetch(`${facts().gateway}/readyz`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await sleep(100);
  }
  throw new Error('the gateway did not get ready again');
}
