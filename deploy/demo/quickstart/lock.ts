import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { StartError } from './errors.ts';
import { isAlive, startMark } from './process-facts.ts';

/** Who holds a data folder. */
export interface Holder {
  readonly pid: number;
  /** Tells a process from a later one with the same number. */
  readonly mark: string;
  /** RFC 3339. */
  readonly since: string;
}

export interface Lock {
  release(): void;
}

/**
 * Takes the data folder for this process. A lock of a process that is gone (killed, power lost, number used again)
 * is recognised and taken over.
 *
 * @throws StartError `already_running` naming the holder.
 */
export function takeLock(path: string, describe: (holder: Holder) => string): Lock {
  const mine: Holder = { pid: process.pid, mark: startMark(process.pid), since: new Date().toISOString() };
  const text = `${JSON.stringify(mine)}\n`;
  for (;;) {
    if (place(path, text)) return { release: () => release(path, text) };
    const found = readText(path);
    if (found === undefined) continue; // Released between the two looks.
    const holder = parse(found);
    if (holder !== undefined && isHeld(holder)) throw new StartError('already_running', describe(holder));
    removeStale(path, found);
  }
}

function isHeld(holder: Holder): boolean {
  if (holder.pid === process.pid || !isAlive(holder.pid)) return false;
  const mark = startMark(holder.pid);
  return mark === '' || holder.mark === '' || mark === holder.mark;
}

/** `link` fails when the lock exists and shows it only with its whole text: nobody reads half a lock. */
function place(path: string, text: string): boolean {
  const own = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(own, text, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Takes the judged lock out of the way. Another start may have been faster: then its lock is put back. */
function removeStale(path: string, judged: string): void {
  const aside = `${path}.${randomBytes(4).toString('hex')}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  const taken = readText(aside);
  if (taken !== undefined && taken !== judged) place(path, taken);
  rmSync(aside, { force: true });
}

function release(path: string, text: string): void {
  if (readText(path) === text) rmSync(path, { force: true });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number')
      return undefined;
    const mark = 'mark' in value && typeof value.mark === 'string' ? value.mark : '';
    const since = 'since' in value && typeof value.since === 'string' ? value.since : '';
    return { pid: value.pid, mark, since };
  } catch {
    return undefined;
  }
}
