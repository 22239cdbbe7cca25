import { NotifyError } from './errors.ts';
import { SEND_MAX_MS } from './limits.ts';
import { webhookSignature } from './signature.ts';
import type { Incoming, Send, Told, WebhookSettings } from './types.ts';

export const HEADERS = {
  timestamp: 'sallyport-timestamp',
  id: 'sallyport-id',
  signature: 'sallyport-signature',
} as const;

/** Tells another system, signed. @throws Error where it did not take it */
export async function toWebhook(
  send: Send,
  settings: WebhookSettings,
  secret: string,
  { id, event, told, nowMs }: { id: string; event: string; told: Told; nowMs: number },
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ id, event: `approval.${event}`, approval: told }));
  const timestamp = String(Math.floor(nowMs / 1_000));
  const { status } = await send({
    url: settings.url,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      [HEADERS.timestamp]: timestamp,
      // The same at every attempt, by which the receiver knows a message again.
      [HEADERS.id]: id,
      [HEADERS.signature]: webhookSignature(secret, timestamp, id, body),
    },
    body,
    maxMs: SEND_MAX_MS,
  });
  if (status < 200 || status > 299) throw new Error(`the webhook was answered with ${status}`);
}

/** A decision of another system, once its signature has been checked. @throws NotifyError */
export function fromWebhook(name: string, settings: WebhookSettings, body: Buffer): Incoming {
  let value: Record<string, unknown>;
  try {
    value = { ...(JSON.parse(body.toString('utf8')) as object) }; // cast: spread makes an object of whatever it is
  } catch {
    throw new NotifyError('malformed', 'The body is not JSON.');
  }
  const { approval, digest, effect, by, reason } = value;
  if (
    typeof approval !== 'string' ||
    typeof digest !== 'string' ||
    typeof by !== 'string' ||
    (effect !== 'approve' && effect !== 'deny') ||
    (reason !== undefined && typeof reason !== 'string')
  ) {
    throw new NotifyError(
      'malformed',
      'A decision has approval, digest, effect (approve or deny), by, and perhaps reason.',
    );
  }
  const account = Object.hasOwn(settings.people, by) ? settings.people[by] : undefined;
  if (account === undefined) throw new NotifyError('unmapped', `"${by.slice(0, 60)}" is no account here.`);
  return {
    notification: name,
    account,
    user: by,
    approval,
    digest,
    effect,
    ...(reason === undefined ? {} : { reason }),
  };
}
