import { setTimeout as sleep } from 'node:timers/promises';
import { EARLIER_START_WAIT_MS, POLL_MS } from './limits.ts';
import { commandOf, isAlive } from './process-facts.ts';

/**
 * Waits for the gateway and agent of an earlier start that was killed: they notice and end by themselves, but a
 * quick hand starts again before they have. Their ports and the database would be busy.
 */
export async function untilEarlierProcessesEnded(
  file: Record<string, unknown> | undefined,
  stop: AbortSignal,
  tell: (text: string) => void,
): Promise<void> {
  const pids = file?.pids;
  if (typeof pids !== 'object' || pids === null) return;
  const left = Object.entries(pids).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && isOurs(entry[0], entry[1]),
  );
  if (left.length === 0) return;
  tell(`Waiting for the ${left.map(([name]) => name).join(' and ')} of an earlier start to end …`);
  const startedMs = performance.now();
  while (
    left.some(([name, pid]) => isOurs(name, pid)) &&
    performance.now() - startedMs < EARLIER_START_WAIT_MS
  ) {
    await sleep(POLL_MS, undefined, { signal: stop });
  }
}

/** Process numbers are used again, so the command line has to fit too. */
function isOurs(name: string, pid: number): boolean {
  if (name !== 'gateway' && name !== 'agent') return false;
  return isAlive(pid) && commandOf(pid).some((word) => word.endsWith(`sallyport-${name}.js`));
}
