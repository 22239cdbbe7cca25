import { hash } from 'node:crypto';
import type { EntryDraft, Evidence, Recorded } from '../audit/index.ts';
import { Ending, REFUSAL } from './ending.ts';
import type { Rooms } from './rooms.ts';

/** What an entry says of a message: its digest and size, never its text. */
export function digestOf(raw: Buffer): { digest: string; bytes: number } {
  return { digest: hash('sha256', raw, 'hex'), bytes: raw.length };
}

/**
 * Makes an entry durable, or ends the call: no record, no execution, no release.
 * @throws Ending 503. `sent` decides what the caller is told of the call's fate.
 */
export async function record(
  rooms: Pick<Rooms, 'audit'>,
  draft: EntryDraft,
  sent: boolean,
  evidence?: Evidence,
): Promise<Recorded> {
  try {
    return await rooms.audit.record(draft, evidence);
  } catch (thrown) {
    throw new Ending(
      'log_unavailable',
      sent
        ? 'The audit log cannot be written, so the answer is withheld. The server may have done what was asked. Tell who runs the gateway before you try again.'
        : 'The audit log cannot be written, so nothing was sent. Try again; if it goes on, tell who runs the gateway.',
      {
        status: 503,
        rpcCode: REFUSAL.unavailable,
        data: { reason: 'log_unavailable', outcome: sent ? 'withheld' : 'not_sent' },
        headers: { 'Retry-After': '2' },
      },
      { cause: thrown, detail: thrown instanceof Error ? thrown.message : 'unknown' },
    );
  }
}
