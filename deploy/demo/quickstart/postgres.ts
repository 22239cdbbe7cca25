import { setTimeout as sleep } from 'node:timers/promises';
import { POLL_MS, STOP_POSTGRES_MS } from './limits.ts';
import { commandOf, isAlive } from './process-facts.ts';

/**
 * Ends a Postgres that outlived its gateway: a fast shutdown first, an immediate one when that takes too long (Postgres
 * then recovers from its log at the next start). Only one that really serves this folder.
 */
export async function endPostgres(postmaster: { pid: number; folder: string } | null): Promise<void> {
  if (postmaster === null || !serves(postmaster)) return;
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    try {
      process.kill(postmaster.pid, signal);
    } catch {
      return; // It has ended meanwhile.
    }
    for (
      const startedMs = performance.now();
      performance.now() - startedMs < STOP_POSTGRES_MS;
      await sleep(POLL_MS)
    ) {
      if (!serves(postmaster)) return;
    }
  }
}

function serves({ pid, folder }: { pid: number; folder: string }): boolean {
  return isAlive(pid) && commandOf(pid).includes(folder);
}
