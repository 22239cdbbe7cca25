import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from './errors.ts';
import { RESTART_FORGET_MS, RESTART_MAX_MS, RESTART_MIN_MS } from './limits.ts';
import type { ProcessLog } from './logs.ts';

/** A small young generation: it costs nothing measurable here and keeps what the programs hold resident low. */
const NODE_FLAGS = ['--max-semi-space-size=16'];

/** How to start one of our processes. Asked anew at each start: a port may have changed. */
export interface Launch {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One process of the quick start, over all its lives. */
export class Member {
  readonly name: string;
  readonly log: ProcessLog;
  readonly #launch: () => Launch;
  #child: ChildProcess | undefined;
  #ended: Promise<Ended> | undefined;
  #stopping = false;

  constructor(name: string, log: ProcessLog, launch: () => Launch) {
    this.name = name;
    this.log = log;
    this.#launch = launch;
  }

  /** Process id of the present life. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it. Resolves with how it ended when it has. @throws when it has been told to stop meanwhile. */
  start(): Promise<Ended> {
    // A step that was interrupted may go on in the background; it must not start what nobody will stop.
    if (this.#stopping) throw new StartError('process_failed', `The ${this.name} is being stopped.`);
    const { args, environment, cwd } = this.#launch();
    const child = spawn(process.execPath, [...NODE_FLAGS, ...args], {
      cwd,
      env: environment,
      // A session of its own: Ctrl-C in a terminal must reach us alone, who stop things in their order.
      detached: true,
      // The channel is how a child notices that we are gone, however we went.
      stdio: ['ignore', this.log.descriptor, this.log.descriptor, 'ipc'],
    });
    this.#child = child;
    const ended = new Promise<Ended>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', () => resolve({ code: null, signal: null }));
    }).finally(() => {
      if (this.#child === child) this.#child = undefined;
    });
    this.#ended = ended;
    return ended;
  }

  /** The first message of the present life for which `read` gives something. */
  message<T>(read: (message: unknown) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const child = this.#child;
      const listener = (message: unknown): void => {
        const value = read(message);
        if (value === undefined) return;
        child?.off('message', listener);
        resolve(value);
      };
      child?.on('message', listener);
    });
  }

  /** Asks it to end, and after the grace makes it, with whatever is in its process group. */
  async stop(graceMs: number, hurry: AbortSignal): Promise<void> {
    this.#stopping = true;
    const ended = this.#ended;
    if (this.#child === undefined || ended === undefined) return;
    this.#child.kill('SIGTERM');
    const waited = AbortSignal.any([AbortSignal.timeout(graceMs), hurry]);
    await Promise.race([ended, sleep(graceMs + 1, undefined, { signal: waited }).catch(() => undefined)]);
    const { pid } = this;
    if (pid === undefined) return;
    killGroup(pid);
    await ended;
  }

  /**
   * Starts the process again whenever it dies, with growing waits, until it is stopped.
   *
   * @param first end of its present life.
   * @param tell one line for people.
   * @param onStarted after each new start.
   */
  async supervise(first: Promise<Ended>, tell: (line: string) => void, onStarted: () => void): Promise<void> {
    let ended = first;
    let waitMs = RESTART_MIN_MS;
    for (;;) {
      const bornMs = performance.now();
      const how = await ended;
      if (this.#stopping) return;
      if (performance.now() - bornMs > RESTART_FORGET_MS) waitMs = RESTART_MIN_MS;
      tell(
        `${this.name} ended (${howEnded(how)}); starting it again in ${waitMs / 1000} s. Its log: ${this.log.path}`,
      );
      await sleep(waitMs);
      if (this.#stopping) return;
      waitMs = Math.min(waitMs * 2, RESTART_MAX_MS);
      ended = this.start();
      onStarted();
    }
  }
}

/**
 * Waits for `ready` unless the process ends first or the time is over.
 *
 * @throws StartError `process_failed` with the last lines of its log.
 */
export async function untilReady<T>(
  member: Member,
  ended: Promise<Ended>,
  ready: Promise<T>,
  limitMs: number,
): Promise<T> {
  const late = new AbortController();
  const failed = (why: string): StartError =>
    new StartError(
      'process_failed',
      `The ${member.name} ${why}. Its last words (${member.log.path}):\n${indent(member.log.tail())}`,
    );
  try {
    return await Promise.race([
      ready,
      ended.then((how) => {
        throw failed(`ended (${howEnded(how)}) before it was ready`);
      }),
      sleep(limitMs, undefined, { signal: late.signal }).then(() => {
        throw failed(`was not ready within ${limitMs / 1000} s`);
      }),
    ]);
  } finally {
    late.abort();
  }
}

export function howEnded({ code, signal }: Ended): string {
  if (signal !== null) return `killed by ${signal}`;
  return code === null ? 'could not be started' : `exit code ${code}`;
}

/** SIGKILL for the process and its group. */
export function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
