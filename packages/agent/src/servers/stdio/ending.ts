import { STDIN_CLOSE_MS, TERM_MS, URGENT_TERM_MS } from '../../limits.ts';
import type { ServerProcess } from './spawn.ts';

/** Sends a signal to a whole process group; a group that is gone is no error. */
export function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pgid, signal);
  } catch {
    // ESRCH: nothing left of it, which is what was wanted.
  }
}

/**
 * Makes a process end: closes its stdin, then asks its group with SIGTERM, then kills the group. An urgent end
 * asks at once. The returned function speeds up an end that is under way, or stops the timers once it is over.
 */
export function endProcess(
  child: ServerProcess,
  pgid: number,
  urgent: boolean,
): { hurry(): void; over(): void } {
  let asked = false;
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => signalGroup(pgid, 'SIGKILL');
  const ask = (thenMs: number): void => {
    asked = true;
    clearTimeout(timer);
    signalGroup(pgid, 'SIGTERM');
    timer = setTimeout(kill, thenMs);
  };
  child.stdin.end();
  if (urgent) ask(URGENT_TERM_MS);
  else timer = setTimeout(() => ask(TERM_MS), STDIN_CLOSE_MS);
  return {
    hurry: () => {
      if (!asked) {
        ask(URGENT_TERM_MS);
        return;
      }
      clearTimeout(timer);
      timer = setTimeout(kill, URGENT_TERM_MS);
    },
    over: () => clearTimeout(timer),
  };
}
