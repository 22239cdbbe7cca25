import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// The quick start as a new user runs it: start, a governed call, stop, start again with the data kept. Fails when a
// step fails, when it takes too long, or when a process is left behind.

const READY_WITHIN_MS = 180_000;
const data = await mkdtemp(join(tmpdir(), 'sallyport-smoke-'));
const env = {
  ...process.env,
  SALLYPORT_DATA_DIR: data,
  SALLYPORT_PORT: '7480',
  SALLYPORT_TUNNEL_PORT: '7481',
};

interface Quickstart {
  readonly gateway: string;
  readonly mcp: Record<string, string>;
  readonly tokens: Record<string, string>;
  readonly pids: Record<string, number>;
}

function start(): ChildProcess {
  return spawn('npx', ['--yes', 'pnpm@12.21.0', 'start'], { env, stdio: 'inherit', detached: true });
}

async function ready(child: ChildProcess): Promise<Quickstart> {
  const file = join(data, 'quickstart.json');
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += 500) {
    if (child.exitCode !== null) throw new Error(`start ended with ${child.exitCode}`);
    if (existsSync(file)) {
      // Cast: the outer contract's file; a wrong shape fails the calls below.
      const quickstart = JSON.parse(await readFile(file, 'utf8')) as Quickstart;
      const answer = await fetch(`${quickstart.gateway}/readyz`).catch(() => undefined);
      if (answer?.status === 200) return quickstart;
    }
    await sleep(500);
  }
  throw new Error('the quick start was not ready in time');
}

async function stop(child: ChildProcess, quickstart: Quickstart): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  await Promise.race([ended, sleep(30_000)]);
  for (let waitedMs = 0; ; waitedMs += 250) {
    const left = [...(await processesWith(data)), ...Object.values(quickstart.pids).filter(alive)];
    if (left.length === 0) return;
    if (waitedMs > 20_000) throw new Error(`processes left behind: ${left.join(', ')}`);
    await sleep(250);
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Processes whose command line names the data folder. */
async function processesWith(text: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(text)) found.push(Number(name));
  }
  return found;
}

async function governedCall(quickstart: Quickstart): Promise<void> {
  const child = spawn('npx', ['--yes', 'pnpm@12.21.0', 'demo:call'], { env, stdio: 'inherit' });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`demo:call ended with ${String(code)}`);
  const url = quickstart.mcp.everything;
  if (url === undefined) throw new Error('quickstart.json names no server "everything"');
  const stranger = await fetch(url, { method: 'POST', body: '{}' });
  if (stranger.status !== 401) throw new Error(`a stranger got ${stranger.status}`);
}

let child = start();
try {
  let quickstart = await ready(child);
  await governedCall(quickstart);
  const engineer = quickstart.tokens.engineer;
  await stop(child, quickstart);
  child = start();
  quickstart = await ready(child);
  if (quickstart.tokens.engineer !== engineer) throw new Error('a second start changed the tokens');
  await governedCall(quickstart);
  await stop(child, quickstart);
  console.log('smoke: 1 passed, 0 failed');
} finally {
  if (child.pid !== undefined && child.exitCode === null) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  await rm(data, { recursive: true, force: true });
}
