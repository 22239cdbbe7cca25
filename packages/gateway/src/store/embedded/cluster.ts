import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import { StoreError } from '../errors.ts';
import {
  FAST_STOP_MAX_MS,
  IMMEDIATE_STOP_MAX_MS,
  RESTART_FIRST_MS,
  RESTART_FORGET_MS,
  RESTART_MAX_MS,
  SERVER_LOG_MAX_FILES,
  START_MAX_MS,
  STOPPING_WAIT_MS,
} from '../limits.ts';
import type { Binaries } from './binaries.ts';
import { type Guarded, startGuarded } from './guardian.ts';
import type { Place } from './place.ts';
import { parentOf, readLock, runsOn, signal, waitUntilFree } from './postmaster.ts';
import { serverSettings } from './settings.ts';

/** A Postgres that is kept running until it is stopped: when it dies by itself it is started again. */
export class Cluster {
  readonly #place: Place;
  readonly #binaries: Binaries;
  readonly #logger: Logger;
  readonly #onRestart: (pid: number) => void;
  readonly #stopping = new AbortController();
  #pid: number | undefined;
  #keeping: Promise<void> | undefined;

  constructor(place: Place, binaries: Binaries, logger: Logger, onRestart: (pid: number) => void) {
    this.#place = place;
    this.#binaries = binaries;
    this.#logger = logger;
    this.#onRestart = onRestart;
  }

  pid(): number | undefined {
    return this.#pid;
  }

  /** @throws StoreError `folder_in_use` or `start_failed`. */
  async start(): Promise<void> {
    const guarded = await this.#startOnce();
    this.#keeping = this.#keep(guarded);
  }

  /** Fast shutdown, then harder ones; resolves when Postgres has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#keeping;
  }

  async #keep(first: Guarded): Promise<void> {
    let guarded = first;
    let waitMs = RESTART_FIRST_MS;
    const stopAsked = new Promise<void>((resolve) => {
      if (this.#stopping.signal.aborted) resolve();
      this.#stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    for (;;) {
      const startedMs = performance.now();
      await Promise.race([guarded.ended, stopAsked]);
      const pid = this.#pid;
      this.#pid = undefined;
      if (this.#stopping.signal.aborted) return this.#end(guarded, pid);
      this.#logger.error('the embedded Postgres ended by itself and is started again', {
        pid,
        output: guarded.output(),
      });
      // Its guardian may have been killed rather than itself.
      await this.#end(guarded, pid);
      if (performance.now() - startedMs > RESTART_FORGET_MS) waitMs = RESTART_FIRST_MS;
      const next = await this.#startAgain(waitMs);
      if (next === undefined) return;
      guarded = next.guarded;
      waitMs = next.waitMs;
    }
  }

  /** Undefined when the cluster was stopped while it waited. */
  async #startAgain(firstWaitMs: number): Promise<{ guarded: Guarded; waitMs: number } | undefined> {
    let waitMs = firstWaitMs;
    for (;;) {
      await sleep(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#stopping.signal.aborted) return undefined;
      waitMs = Math.min(waitMs * 2, RESTART_MAX_MS);
      try {
        const guarded = await this.#startOnce();
        this.#logger.info('the embedded Postgres runs again', { pid: this.#pid });
        if (this.#pid !== undefined) this.#onRestart(this.#pid);
        return { guarded, waitMs };
      } catch (error) {
        this.#logger.error('the embedded Postgres does not start', {
          reason: errorText(error),
          detail: error instanceof StoreError ? error.detail : undefined,
          nextAttemptMs: waitMs,
        });
      }
    }
  }

  async #startOnce(): Promise<Guarded> {
    await pruneLogs(this.#place);
    await waitUntilFree(this.#place, this.#logger);
    const began = performance.now();
    for (;;) {
      const guarded = this.#spawn();
      const pid = await this.#ready(guarded);
      if (pid !== undefined) {
        this.#pid = pid;
        return guarded;
      }
      const output = guarded.output();
      guarded.release();
      await guarded.ended;
      // Backends of a killed postmaster hold its memory for a moment longer.
      const leftovers = output.includes('shared memory block');
      if (!leftovers || performance.now() - began > STOPPING_WAIT_MS || this.#stopping.signal.aborted) {
        const why = /FATAL: +(.*)/.exec(output)?.[1] ?? `see the newest file in ${this.#place.log}`;
        throw new StoreError(
          'start_failed',
          `The embedded Postgres in ${this.#place.data} does not start: ${why}`,
          { detail: output },
        );
      }
      await sleep(200);
    }
  }

  #spawn(): Guarded {
    const settings = Object.entries(serverSettings(this.#place)).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    return startGuarded(
      [this.#binaries.postgres, '-D', this.#place.data, ...settings],
      this.#place.runner,
      this.#place.root,
    );
  }

  /** The postmaster's process id once it takes connections; undefined when it ended or took too long. */
  async #ready(guarded: Guarded): Promise<number | undefined> {
    let ended = false;
    void guarded.ended.then(() => {
      ended = true;
    });
    const began = performance.now();
    while (!ended && performance.now() - began < START_MAX_MS) {
      const lock = await readLock(this.#place);
      // The file may still be that of an earlier postmaster: only a child of our guardian counts.
      if (lock?.state === 'ready' && parentOf(lock.pid) === guarded.process.pid) return lock.pid;
      await sleep(10);
    }
    return undefined;
  }

  async #end(guarded: Guarded, pid: number | undefined): Promise<void> {
    const alive = (): boolean => pid !== undefined && runsOn(pid, this.#place);
    guarded.release();
    if (pid !== undefined && alive()) signal(pid, 'SIGINT');
    if (!(await until(() => !alive(), FAST_STOP_MAX_MS)) && pid !== undefined) {
      this.#logger.warn('the embedded Postgres takes too long to stop: the next start will recover', { pid });
      signal(pid, 'SIGQUIT');
      if (!(await until(() => !alive(), IMMEDIATE_STOP_MAX_MS))) signal(pid, 'SIGKILL');
      await until(() => !alive(), IMMEDIATE_STOP_MAX_MS);
    }
    await guarded.ended;
  }
}

async function until(condition: () => boolean, maxMs: number): Promise<boolean> {
  const began = performance.now();
  while (!condition()) {
    if (performance.now() - began > maxMs) return false;
    await sleep(10);
  }
  return true;
}

/** Removes the oldest of Postgres's own log files; their names sort by time. */
async function pruneLogs(place: Place): Promise<void> {
  const files = (await readdir(place.log)).filter((name) => name.endsWith('.log')).sort();
  for (const name of files.slice(0, Math.max(0, files.length - SERVER_LOG_MAX_FILES + 1))) {
    await rm(join(place.log, name), { force: true });
  }
}
