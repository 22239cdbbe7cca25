import type { Clock } from '@sallyport/shared/clock';
import type { AttachedTunnel } from './attached-tunnel.ts';
import type { Hub } from './hub.ts';
import { SUPERSEDED_ANSWER_MAX_MS } from './limits.ts';

/**
 * One round over all tunnels: gives leases that are due and ends what no longer holds. Called about once a second,
 * or more often where leases are shorter.
 */
export function superviseTunnels(hub: Hub, clock: Clock, lease: { lastsMs: number; everyMs: number }): void {
  const nowMs = clock.monotonicMs();
  for (const tunnel of hub.tunnels()) {
    tunnel.controlMessages = 0;
    if (tunnel.leaseAgeMs(nowMs) > lease.lastsMs) {
      hub.lose(tunnel, 'lease', { connection: 'now', resumable: true });
    } else if (tunnel.facts.identity.expiresAt <= clock.now()) {
      // An agent renews long before and attaches again with the new certificate; this one did not.
      hub.lose(tunnel, 'certificate_expired', { connection: 'told', resumable: true });
    } else if (tunnel.deaf) {
      hub.lose(tunnel, 'protocol', { connection: 'now', resumable: true });
    } else if (isDone(tunnel, nowMs)) {
      hub.lose(tunnel, 'superseded', { connection: 'told', resumable: true });
    } else {
      tunnel.renewLeaseIfDue(nowMs, lease.everyMs);
    }
  }
}

/** A superseded tunnel is done when nothing runs through it any more, or when it has not answered since. */
function isDone(tunnel: AttachedTunnel, nowMs: number): boolean {
  if (tunnel.supersededAtMs === undefined) return false;
  if (tunnel.channels.size === 0 && tunnel.pending.size === 0) return true;
  const sinceMs = nowMs - tunnel.supersededAtMs;
  return sinceMs > SUPERSEDED_ANSWER_MAX_MS && tunnel.leaseAgeMs(nowMs) > sinceMs;
}
