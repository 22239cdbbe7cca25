import { createHmac, timingSafeEqual } from 'node:crypto';
import { NotifyError } from './errors.ts';
import { SIGNATURE_WINDOW_SECONDS } from './limits.ts';

/** `v0=` and HMAC-SHA256 over `v0:<timestamp>:<body>`, as Slack signs what it sends. */
export function slackSignature(secret: string, timestamp: string, body: Uint8Array): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`;
}

/** `v1=` and HMAC-SHA256 over `<timestamp>.<id>.<body>`: both directions of the generic webhook. */
export function webhookSignature(secret: string, timestamp: string, id: string, body: Uint8Array): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${id}.`).update(body).digest('hex')}`;
}

/** @throws NotifyError `signature` where it is another, or its time is too far off */
export function requireSignature(given: string, expected: string, timestamp: string, nowMs: number): void {
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  const offSeconds = Math.abs(nowMs / 1_000 - seconds);
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  // The time is under the signature, so that an old request can't be given a new one.
  if (a.length !== b.length || !timingSafeEqual(a, b) || !(offSeconds <= SIGNATURE_WINDOW_SECONDS)) {
    throw new NotifyError('signature', 'The request is not signed as it must be, or not of these minutes.');
  }
}
