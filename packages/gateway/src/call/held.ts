import { findPath, notification, text } from '@sallyport/shared/jsonrpc';
import type { Approval } from '../approval/index.ts';
import type { Session } from '../session/index.ts';
import { HOLD_PROGRESS_EVERY_MS, HOLD_SILENT_MAX_MS, HOLD_WITH_PROGRESS_MAX_MS } from './limits.ts';
import type { Answer, Rooms } from './rooms.ts';
import type { AttachedFields } from './stages/attach.ts';

/** How the time of a held call ended. */
export type HoldEnd =
  | { readonly kind: 'settled'; readonly approval: Approval }
  /** The client waits no longer than this; what it asked for still can be decided. */
  | { readonly kind: 'timeout' }
  /** The client has gone, or has taken its call back in words. */
  | { readonly kind: 'gone' | 'cancelled' };

/** Calls that are held, by session and request id: they have no exchange with the server that could be cancelled. */
const held = new WeakMap<Session, Map<string, () => void>>();

/** The client takes back a call that is held. False where none of this id is. */
export function giveUpHeld(session: Session, idKey: string | undefined): boolean {
  const cancel = idKey === undefined ? undefined : held.get(session)?.get(idKey);
  cancel?.();
  return cancel !== undefined;
}

/**
 * Holds a call while people decide: the response stays open with comments, and with progress for a client that asked
 * for it. Nothing of the call is sent meanwhile, whatever becomes of the client.
 */
export async function holdOpen(
  rooms: Pick<Rooms, 'approval'>,
  call: AttachedFields,
  approval: Approval,
  answer: Answer,
): Promise<HoldEnd> {
  const over = new AbortController();
  const end = (kind: 'timeout' | 'gone' | 'cancelled') => () => over.abort(kind);
  answer.onGone(end('gone'));
  const { session, message } = call;
  const calls = held.get(session) ?? new Map<string, () => void>();
  held.set(session, calls);
  if (message.idKey !== undefined) calls.set(message.idKey, end('cancelled'));
  const progress = progressOf(call, approval);
  const timer = setTimeout(end('timeout'), holdMs(approval, progress !== undefined));
  const ticking = progress === undefined ? undefined : setInterval(() => say(), HOLD_PROGRESS_EVERY_MS);
  const say = (): void => {
    const raw = progress?.();
    // Not waited for: a client that does not read only loses its own progress.
    if (raw !== undefined) void answer.interim(raw);
  };
  try {
    say();
    return { kind: 'settled', approval: await rooms.approval.wait(approval.id, over.signal) };
  } catch (thrown) {
    if (!over.signal.aborted || thrown !== over.signal.reason) throw thrown;
    return { kind: thrown as 'timeout' | 'gone' | 'cancelled' }; // cast: only `end` aborts
  } finally {
    clearTimeout(timer);
    clearInterval(ticking);
    if (message.idKey !== undefined) calls.delete(message.idKey);
  }
}

/** As long as the strictest flow says; else as long as clients are known to wait. */
function holdMs({ rules }: Approval, withProgress: boolean): number {
  const asked = Object.values(rules).flatMap(({ holdSeconds }) => holdSeconds ?? []);
  if (asked.length > 0) return Math.min(...asked) * 1_000;
  return withProgress ? HOLD_WITH_PROGRESS_MAX_MS : HOLD_SILENT_MAX_MS;
}

/** Makes the next progress notification, where the client gave a token for it. */
function progressOf({ message }: AttachedFields, approval: Approval): (() => Buffer) | undefined {
  const token = findPath(message.params, '_meta', 'progressToken');
  if (token === undefined) return undefined;
  // The token goes back exactly as it came, so it is put into the text, not through a number.
  const lexeme = text(message.raw, token);
  const words = `Waiting for approval ${approval.id} (${approval.flows.join(', ')}), until ${approval.expiresAt} at the latest.`;
  let count = 0;
  return () => {
    count += 1;
    // Far below whatever the server will count with: progress only grows.
    const raw = notification('notifications/progress', {
      progressToken: '',
      progress: count / 1e6,
      message: words,
    });
    return Buffer.from(raw.toString('utf8').replace('"progressToken":""', () => `"progressToken":${lexeme}`));
  };
}
