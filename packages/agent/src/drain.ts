import { DRAIN_MS, DRAIN_POLL_MS } from './limits.ts';

/** What a drain watches. */
interface Draining {
  readonly sessionCount: number;
  activity(): { traffic: number; awaiting: number };
}

/**
 * Waits until nothing is worked on any more: no session, or no answer awaited and nothing moving between two
 * looks. DRAIN_MS at most.
 */
export async function drain(sessions: Draining): Promise<void> {
  const until = performance.now() + DRAIN_MS;
  let before = -1;
  while (sessions.sessionCount > 0 && performance.now() < until) {
    const { traffic, awaiting } = sessions.activity();
    if (awaiting === 0 && traffic === before) return;
    before = traffic;
    await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
  }
}
