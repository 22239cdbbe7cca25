import type { Clock } from '@sallyport/shared/clock';
import type { AttachedTunnel } from './attached-tunnel.ts';
import type { Hub } from './hub.ts';
import type { KnownCertificates } from './identify.ts';
import { MOVE_AFTER_RENEWAL_MS, SUPERSEDED_ANSWER_MAX_MS } from './limits.ts';

/**
 * One round over all tunnels: gives leases that are due and ends what no longer holds. Called about once a second,
 * or more often where leases are shorter.
 */
export function superviseTunnels(
  parts: { hub: Hub; known: KnownCertificates; clock: Clock },
  lease: { lastsMs: number; everyMs: number },
): void {
  const { hub, known, clock } = parts;
  const nowMs = clock.monotonicMs();
  for (const tunnel of hub.tunnels()) {
    tunnel.controlMessages = 0;
    if (tunnel.leaseAgeMs(nowMs) > lease.lastsMs) {
      hub.lose(tunnel, 'lease', { connection: 'now', resumable: true });
    } else if (tunnel.facts.identity.expiresAt <= clock.now()) {
      // It was asked to move long before, if it ever renewed.
      hub.lose(tunnel, 'certificate_expired', { connection: 'told', resumable: true });
    } else if (tunnel.deaf) {
      hub.lose(tunnel, 'protocol', { connection: 'now', resumable: true });
    } else if (isDone(tunnel, nowMs)) {
      hub.lose(tunnel, 'superseded', { connection: 'told', resumable: true });
    } else {
      tunnel.renewLeaseIfDue(nowMs, lease.everyMs);
      askToMove(tunnel, known, clock.now());
    }
  }
}

/**
 * An agent that has renewed its certificate is asked to attach again with it: a connection keeps the certificate it
 * was opened with, and is cut when that one expires. Its channels may finish on the old connection. A tunnel that was
 * attached after the renewal is left alone, so that an agent that goes on with its old certificate is asked once.
 */
function askToMove(tunnel: AttachedTunnel, known: KnownCertificates, now: number): void {
  const issuedAt = known.lastIssuedAt(tunnel.agent);
  if (issuedAt === undefined || tunnel.askedToMove || tunnel.supersededAtMs !== undefined) return;
  if (issuedAt <= tunnel.facts.attachedAt || now < issuedAt + MOVE_AFTER_RENEWAL_MS) return;
  tunnel.askedToMove = true;
  const graceMs = Math.max(0, tunnel.facts.identity.expiresAt - now);
  tunnel.send({ drain: { reason: 'the certificate was renewed: attach again with the new one', graceMs } });
}

/** A superseded tunnel is done when nothing runs through it any more, or when it has not answered since. */
function isDone(tunnel: AttachedTunnel, nowMs: number): boolean {
  if (tunnel.supersededAtMs === undefined) return false;
  if (tunnel.channels.size === 0 && tunnel.pending.size === 0) return true;
  const sinceMs = nowMs - tunnel.supersededAtMs;
  return sinceMs > SUPERSEDED_ANSWER_MAX_MS && tunnel.leaseAgeMs(nowMs) > sinceMs;
}
