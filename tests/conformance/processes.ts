import { type ChildProcess, spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { killAll, processTree } from './process-tree.ts';

/** How long a process may take to say that it is ready; a cold gateway initialises a database first. */
const READY_MS = 60_000;
/** How long a process may take to end by itself before it and all below it are killed. */
const STOP_MS = 10_000;
/** Kept of what a process says, for the message when it fails. */
const TAIL_CHARS = 4_000;

export interface StartOptions {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to a bare environment of PATH and HOME: settings of the caller's shell must not reach what is measured. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Ready when a line of stdout or stderr matches, or at once when absent. */
  readonly ready?: RegExp;
}

export interface StartedProcess {
  readonly name: string;
  readonly pid: number;
  /** The line that matched `ready`. */
  readonly readyLine: string;
  readonly ended: boolean;
  /** The last of what it said. */
  tail(): string;
  /** TERM, then KILL to it and all below it. Resolves when it is gone. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();

// However this process ends, nothing it started stays.
process.on('exit', () => {
  for (const child of running) killAll(processTree(child.pid ?? 0));
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

/**
 * Starts a program in its own process group and waits until it is ready.
 *
 * @throws Error with the last of its output when it ends first or isn't ready in time.
 */
export async function startProcess(options: StartOptions): Promise<StartedProcess> {
  const { PATH = '', HOME = '/' } = process.env;
  const child = spawn(options.command, options.args, {
    detached: true,
    env: { PATH, HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  running.add(child);
  let said = '';
  let ended = false;
  const end = new Promise<void>((resolve) => {
    const gone = (why: string) => {
      said += why;
      ended = true;
      running.delete(child);
      resolve();
    };
    child.once('exit', (code, signal) => gone(`\n[ended: ${signal ?? code}]`));
    child.once('error', (error) => gone(`\n[${error.message}]`));
  });
  const ready = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said = `${said}\n${line}`.slice(-TAIL_CHARS);
        if (options.ready?.test(line)) resolve(line);
      });
    }
    if (options.ready === undefined) resolve('');
  });
  const readyLine = await Promise.race([ready, end.then((): undefined => undefined), pause(READY_MS)]);
  const { pid } = child;
  if (readyLine === undefined || pid === undefined) {
    killAll(processTree(child.pid ?? 0));
    throw new Error(`${options.name} did not start: ${said.trim() || 'it said nothing'}`);
  }
  return {
    name: options.name,
    pid,
    readyLine,
    get ended() {
      return ended;
    },
    tail: () => said,
    stop: async () => {
      // Those below may be in groups of their own, and belong to nobody once the child is gone.
      const tree = ended ? [] : processTree(pid);
      if (!ended) child.kill('SIGTERM');
      await Promise.race([end, pause(STOP_MS)]);
      killAll(tree);
      await end;
    },
  };
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      // A TCP listener's address is an object, never a pipe's name.
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
