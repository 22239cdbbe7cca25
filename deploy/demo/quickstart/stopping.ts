import { watchLaunchers } from './launcher.ts';
import { HURRY_AFTER_MS } from './limits.ts';

/** When and why to stop. */
export interface Stopping {
  /** Aborts at the first wish to stop. */
  readonly stop: AbortSignal;
  /** Aborts when a person asks again. */
  readonly hurry: AbortSignal;
  readonly reason: () => string;
}

/**
 * Listens for every way in which this process is asked to end: signals, and the end of the package manager above it.
 *
 * @param launched whether a package manager started us, so that its end is ours.
 */
export function listenForStop(launched: boolean): Stopping {
  const stop = new AbortController();
  const hurry = new AbortController();
  let reason = '';
  let firstMs = 0;
  const begin = (why: string): void => {
    if (stop.signal.aborted) return;
    reason = why;
    firstMs = performance.now();
    stop.abort(new Error(why));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted && performance.now() - firstMs > HURRY_AFTER_MS)
        hurry.abort(new Error('asked again'));
      begin(signal);
    });
  }
  // Whoever read our output is gone: go on without a voice, the signals and the launcher decide.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  if (launched) watchLaunchers(() => begin('the package manager that started this has ended'));
  return { stop: stop.signal, hurry: hurry.signal, reason: () => reason };
}
