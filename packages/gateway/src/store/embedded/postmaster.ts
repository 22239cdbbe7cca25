import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'winston';
import { StoreError } from '../errors.ts';
import { LIVE_GRACE_MS, STOPPING_WAIT_MS } from '../limits.ts';
import { GUARDIAN_MARK } from './guardian.ts';
import type { Place } from './place.ts';

/** What Postgres writes about itself into its data folder (postmaster.pid: line 1 and line 8). */
export interface PostmasterLock {
  readonly pid: number;
  readonly state: string;
}

export async function readLock(place: Place): Promise<PostmasterLock | undefined> {
  const text = await readFile(join(place.data, 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, state: (lines[7] ?? '').trim() };
}

/** Whether the process is a postmaster on this data folder; process ids are used again, after a reboot by anything. */
export function runsOn(pid: number, place: Place): boolean {
  return commandLine(pid).includes(place.data);
}

/** The process's parent, from /proc: the fourth field of stat, behind the command in parentheses. */
export function parentOf(pid: number): number | undefined {
  const text = readProc(pid, 'stat');
  const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  return Number.isInteger(parent) ? parent : undefined;
}

/**
 * Waits until no Postgres runs on the data folder, so that ours can start.
 *
 * One that is stopping is waited for. One whose guardian was killed belongs to nobody: it is asked to stop. A live
 * one with a guardian belongs to another gateway.
 *
 * @throws StoreError `folder_in_use`.
 */
export async function waitUntilFree(place: Place, logger: Logger): Promise<void> {
  const began = performance.now();
  let told = '';
  const tell = (words: string, pid: number): void => {
    if (told !== words) logger.info(words, { pid });
    told = words;
  };
  for (;;) {
    const lock = await readLock(place);
    if (lock === undefined) return;
    if (!runsOn(lock.pid, place)) {
      await removeStaleLocks(lock.pid, place);
      return;
    }
    const waitedMs = performance.now() - began;
    if (lock.state === 'stopping') {
      tell('an earlier Postgres on this folder is still stopping: waiting for it', lock.pid);
    } else if (!guarded(lock.pid)) {
      tell('an abandoned Postgres runs on this folder: stopping it', lock.pid);
      signal(lock.pid, 'SIGINT');
    } else if (waitedMs > LIVE_GRACE_MS) {
      throw inUse(place, lock.pid, 'runs');
    }
    if (waitedMs > STOPPING_WAIT_MS)
      throw inUse(place, lock.pid, `is still stopping after ${STOPPING_WAIT_MS / 1000} s`);
    await sleep(50);
  }
}

function inUse(place: Place, pid: number, what: string): StoreError {
  return new StoreError(
    'folder_in_use',
    `A Postgres of another gateway process (pid ${pid}) ${what} on ${place.data}. Stop that gateway, or choose another folder with SALLYPORT_DATA_DIR.`,
  );
}

/**
 * Postgres takes over a lock file whose process is gone by itself, and looks for leftovers while it does. One whose
 * process id now is some other program's, or a dead process's that nobody has reaped, it takes for alive: so we
 * remove it, and look for leftovers ourselves. Every process of a Postgres has the data folder as its working folder.
 */
async function removeStaleLocks(pid: number, place: Place): Promise<void> {
  if (readProc(pid, 'stat') === '') return;
  const began = performance.now();
  for (let left = processIn(place.data); left !== undefined; left = processIn(place.data)) {
    if (performance.now() - began > STOPPING_WAIT_MS)
      throw inUse(place, left, 'has left a process that works');
    await sleep(50);
  }
  await rm(join(place.data, 'postmaster.pid'), { force: true });
  await rm(join(place.socket, '.s.PGSQL.5432.lock'), { force: true });
}

/** A process whose working folder is the given one. */
function processIn(folder: string): number | undefined {
  const found = readdirSync('/proc').find((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === folder;
    } catch {
      // It has ended, or is another user's and so not Postgres's.
      return false;
    }
  });
  return found === undefined ? undefined : Number(found);
}

function guarded(pid: number): boolean {
  const parent = parentOf(pid);
  return parent !== undefined && commandLine(parent).includes(GUARDIAN_MARK);
}

/** Signals a process that may be gone. */
export function signal(pid: number, name: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

function commandLine(pid: number): string {
  return readProc(pid, 'cmdline');
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
