import { readFileSync } from 'node:fs';
import { processTree } from '../conformance/process-tree.ts';
import { TICKS_PER_SECOND } from './limits.ts';
import type { Party } from './parties.ts';

/** What the processes of one role have used so far. */
export interface RoleFootprint {
  readonly role: string;
  readonly processes: number;
  readonly cpuSeconds: number;
  /** Highest resident memory so far of the largest process of this role. */
  readonly peakBytes: number;
  /** Highest resident memory of all its processes added up; pages they share count for each. */
  readonly peakBytesSum: number;
}

/**
 * Reads /proc for a party's processes, Postgres backends and stdio servers included. A process that has ended no
 * longer counts; what is below a root is `postgres` by its name, and else a `server`.
 */
export function readFootprint(party: Party): RoleFootprint[] {
  const roles = new Map<string, RoleFootprint>();
  for (const root of party.roots) {
    for (const entry of processTree(root.pid)) {
      const role =
        entry.pid === root.pid ? root.role : entry.name.startsWith('postgres') ? 'postgres' : 'server';
      const peak = readStatusBytes(entry.pid, 'VmHWM');
      const before = roles.get(role);
      roles.set(role, {
        role,
        processes: (before?.processes ?? 0) + 1,
        cpuSeconds: (before?.cpuSeconds ?? 0) + entry.cpuTicks / TICKS_PER_SECOND,
        peakBytes: Math.max(before?.peakBytes ?? 0, peak),
        peakBytesSum: (before?.peakBytesSum ?? 0) + peak,
      });
    }
  }
  return [...roles.values()];
}

/** Resident memory of one process now, in bytes. */
export function residentBytes(pid: number): number {
  return readStatusBytes(pid, 'VmRSS');
}

/** CPU seconds by role that were used between two readings. */
export function cpuBetween(
  before: readonly RoleFootprint[],
  after: readonly RoleFootprint[],
): Record<string, number> {
  const used: Record<string, number> = {};
  for (const { role, cpuSeconds } of after) {
    const start = before.find((each) => each.role === role)?.cpuSeconds ?? 0;
    used[role] = Math.max(0, cpuSeconds - start);
  }
  return used;
}

function readStatusBytes(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return 0; // it ended meanwhile
  }
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return Number(kilobytes ?? 0) * 1024;
}
