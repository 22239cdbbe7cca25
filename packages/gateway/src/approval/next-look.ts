import { escalationsOf } from './flow.ts';
import type { Approval } from './types.ts';

/**
 * When time is next to do something to an approval: escalate, expire, lapse, or have the grant room told. In
 * milliseconds since 1970; undefined where nothing is to come.
 */
export function nextLookMs(approval: Approval, nowMs: number): number | undefined {
  const { kind, state, rules, requestedAt, expiresAt, validUntil } = approval;
  if (state === 'pending') {
    const next = escalationsOf(rules, Date.parse(requestedAt)).find(({ at }) => at > nowMs);
    return Math.min(Date.parse(expiresAt), next?.at ?? Number.POSITIVE_INFINITY);
  }
  if (kind === 'grant' && isDecided(approval)) return nowMs;
  return state === 'approved' && validUntil !== undefined ? Date.parse(validUntil) : undefined;
}

/** Whether the grant room is to take it up. */
export function isDecided({ state }: Approval): boolean {
  return state === 'approved' || state === 'denied' || state === 'expired';
}
