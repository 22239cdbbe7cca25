import { readdirSync, readFileSync } from 'node:fs';

/** A process as /proc shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** First 15 characters of the program's name, or what it calls itself. */
  readonly name: string;
  /** User and system time used so far, in clock ticks (100 a second on Linux). */
  readonly cpuTicks: number;
  /** When it started, in clock ticks since boot: with the pid, what tells it from a later process. */
  readonly startTicks: number;
}

/** The process and all that descend from it, itself first. Empty when it is gone. */
export function processTree(root: number): ProcessEntry[] {
  const children = new Map<number, ProcessEntry[]>();
  let own: ProcessEntry | undefined;
  for (const name of readdirSync('/proc')) {
    const entry = /^\d+$/.test(name) ? readEntry(Number(name)) : undefined;
    if (entry === undefined) continue;
    if (entry.pid === root) own = entry;
    const siblings = children.get(entry.parent);
    if (siblings) siblings.push(entry);
    else children.set(entry.parent, [entry]);
  }
  const tree = own === undefined ? [] : [own];
  for (const each of tree) tree.push(...(children.get(each.pid) ?? []));
  return tree;
}

/** proc_pid_stat(5): `pid (name) state ppid …`, utime and stime are fields 14 and 15, the start is field 22. */
function readEntry(pid: number): ProcessEntry | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // it ended meanwhile
  }
  const close = stat.lastIndexOf(')');
  const fields = stat.slice(close + 2).split(' ');
  return {
    pid,
    parent: Number(fields[1]),
    name: stat.slice(stat.indexOf('(') + 1, close),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startTicks: Number(fields[19]),
  };
}

/** Kills these processes at once, but none that has meanwhile got the pid of one that ended. Returns whom it met. */
export function killAll(entries: readonly ProcessEntry[]): ProcessEntry[] {
  const met = entries.filter((entry) => readEntry(entry.pid)?.startTicks === entry.startTicks);
  for (const { pid } of met) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
  return met;
}
