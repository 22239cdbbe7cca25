import { readFileSync } from 'node:fs';

/** What `/proc` says of a process. On systems without it only "is there one" is known. */

/** Whether a process with this id exists (a zombie doesn't count: nothing of it is left but its number). */
export function isAlive(pid: number): boolean {
  const stat = readStat(pid);
  if (stat !== undefined) return stat.state !== 'Z' && stat.state !== 'X';
  if (process.platform === 'linux') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Identity of a running process beyond its number, which is used again: boot and clock tick of its start. Empty
 * where the system doesn't say.
 */
export function startMark(pid: number): string {
  const stat = readStat(pid);
  return stat === undefined ? '' : `${bootId()}:${stat.startTicks}`;
}

export function parentOf(pid: number): number | undefined {
  return readStat(pid)?.parent;
}

/** Words of the command line; empty for a process that is gone or a kernel thread. */
export function commandOf(pid: number): string[] {
  const text = read(`/proc/${pid}/cmdline`);
  return text === undefined ? [] : text.split('\0').filter((word) => word !== '');
}

function readStat(pid: number): { state: string; parent: number; startTicks: string } | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name is in brackets and may hold anything; fields are counted from behind it (proc(5): state is field 3).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', parent: Number(fields[1]), startTicks: fields[19] ?? '' };
}

function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
