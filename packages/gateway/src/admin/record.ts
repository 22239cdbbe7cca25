import { type CanonicalValue, canonicalDigest } from '@sallyport/shared/canonical-json';
import type { Actor, EntryDraft, EntryKind, EntryValue } from '../audit/index.ts';
import type { Principal } from '../identity/index.ts';
import type { Changer } from '../registry/index.ts';
import type { AdminRooms } from './rooms.ts';

/** The verified sender of a request to the API. Only the corridor makes one. */
export interface Caller {
  readonly principal: Principal;
  readonly tokenId: string;
  /** Milliseconds since 1970. */
  readonly tokenExpiresAt: number;
  readonly sourceIp: string;
  readonly client?: string;
}

/** Where a request came from, before anything about it is trusted. */
export interface Source {
  readonly ip: string;
  readonly client?: string;
}

/** A change of something that is not a configuration document: a token, an agent. */
export interface PublicChange {
  readonly kind: 'Token' | 'AgentToken' | 'Agent';
  readonly name: string;
  readonly effect: 'create' | 'delete';
  /** What anybody may know of it before and after; never a token's text. Only digests are recorded. */
  readonly before?: CanonicalValue;
  readonly after?: CanonicalValue;
  readonly agent?: string;
}

export function callerAsChanger(caller: Caller): Changer {
  return {
    kind: caller.principal.kind,
    name: caller.principal.name,
    token: caller.tokenId,
    sourceIp: caller.sourceIp,
  };
}

/** An entry of this caller's, with who and from where filled in. */
export function draftFor(
  caller: Caller,
  kind: EntryKind,
  rest: Omit<EntryDraft, 'kind' | 'actor' | 'source'> = {},
): EntryDraft {
  const actor: Actor = { kind: caller.principal.kind, name: caller.principal.name, token: caller.tokenId };
  return { kind, actor, source: sourceOf(caller), ...rest };
}

/** The `config.change` entry of a change beside the documents; the registry writes those of documents itself. */
export function changeDraft(caller: Caller, change: PublicChange): EntryDraft {
  const fields: Record<string, EntryValue> = { kind: change.kind, name: change.name, effect: change.effect };
  if (change.before !== undefined) fields.before = canonicalDigest(change.before);
  if (change.after !== undefined) fields.after = canonicalDigest(change.after);
  return draftFor(caller, 'config.change', {
    ...(change.agent === undefined ? {} : { agent: change.agent }),
    control: ['PCI 10.2.1.5'],
    fields,
  });
}

/**
 * Records a change, then makes it. The entry is durable first, so no change is without one; where making it fails
 * after that, a second entry says so, since the first alone would claim what did not happen.
 */
export async function recordThenChange<T>(
  rooms: Pick<AdminRooms, 'audit' | 'logger'>,
  draft: EntryDraft,
  change: () => Promise<T>,
): Promise<T> {
  const recorded = await rooms.audit.record(draft);
  try {
    return await change();
  } catch (cause) {
    const { actor, source } = draft;
    await rooms.audit
      .record({
        kind: 'config.failed',
        ...(actor === undefined ? {} : { actor }),
        ...(source === undefined ? {} : { source }),
        fields: { entry: recorded.id },
      })
      .catch(() =>
        rooms.logger.error('a recorded change failed and that could not be recorded', { entry: recorded.id }),
      );
    throw cause;
  }
}

function sourceOf(caller: Caller): { ip: string; client?: string } {
  return { ip: caller.sourceIp, ...(caller.client === undefined ? {} : { client: caller.client }) };
}
