import { hash } from 'node:crypto';
import { canonicalText } from './canonical.ts';
import { AuditError } from './errors.ts';
import { LEAF_MAX_BYTES } from './limits.ts';
import type { EntryDraft, EntryValue } from './types.ts';

/** Version of the leaf's form. */
const VERSION = 1;

// The leaf's members on either side of seq, which is known only when the entry is flushed.
const BEFORE_SEQ = [
  'actor',
  'agent',
  'approval',
  'call',
  'control',
  'decision',
  'duration',
  'fields',
  'grant',
  'kind',
  'method',
  'outcome',
  'request',
  'response',
] as const;
const AFTER_SEQ = ['server', 'session', 'source', 'tool', 'toolDefinition'] as const;

/** An entry whose leaf lacks only its seq. */
export interface Unplaced {
  readonly id: string;
  readonly ts: string;
  readonly tsMs: number;
  readonly kind: string;
  readonly before: string;
  readonly after: string;
  /** Columns a search filters by. */
  readonly principal: string | null;
  readonly session: string | null;
  readonly call: string | null;
  readonly server: string | null;
  readonly tool: string | null;
  /** Kept by the same statement, apart from the leaf. */
  readonly body?: KeptBody;
  readonly original?: KeptOriginal;
}

export interface KeptBody {
  /** SHA-256 of the bytes, 32 bytes. */
  readonly digest: Buffer;
  readonly bytes: Buffer;
}

/** A body, with the time of the entry that names it: it is kept once in each month that names it. */
export interface DatedBody extends KeptBody {
  /** Milliseconds since 1970. */
  readonly tsMs: number;
}

export interface KeptOriginal {
  readonly period: string;
  readonly wrappedKey: Buffer;
  readonly sealed: Buffer;
}

/** What the log adds to a draft. */
export interface Envelope {
  readonly origin: string;
  readonly id: string;
  readonly tsMs: number;
}

/**
 * Writes the canonical JSON of `{v, origin, seq, ts, kind, id, …draft}` but for the digits of seq.
 *
 * @throws AuditError `invalid` when the draft has no canonical form or is too large.
 */
export function prepareLeaf(
  draft: EntryDraft,
  envelope: Envelope,
  kept: Pick<Unplaced, 'body' | 'original'> = {},
): Unplaced {
  const ts = new Date(envelope.tsMs).toISOString();
  const before = `{${members(BEFORE_SEQ, draft, { origin: envelope.origin, id: envelope.id })},"seq":`;
  const after = `,${members(AFTER_SEQ, draft, { ts, v: VERSION })}}`;
  if (before.length + after.length > LEAF_MAX_BYTES) {
    throw new AuditError('invalid', 'An audit entry is too large.', {
      detail: `${draft.kind}: more than ${LEAF_MAX_BYTES}`,
    });
  }
  return {
    id: envelope.id,
    ts,
    tsMs: envelope.tsMs,
    kind: draft.kind,
    before,
    after,
    principal: draft.actor?.name ?? null,
    session: draft.session ?? null,
    call: draft.call ?? null,
    server: draft.server ?? null,
    tool: draft.tool ?? null,
    ...kept,
  };
}

/** The named members and the envelope's, in canonical order, without the braces. */
function members(
  names: readonly (keyof EntryDraft)[],
  draft: EntryDraft,
  envelope: { [name: string]: EntryValue },
): string {
  for (const name of names) {
    // A draft's members are canonical values by their types, without an index signature.
    const value = draft[name] as EntryValue | undefined;
    if (value !== undefined) envelope[name] = value;
  }
  try {
    return canonicalText(envelope).slice(1, -1);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new AuditError('invalid', 'An audit entry has a value that cannot be recorded.', {
      cause,
      detail: `${draft.kind}: ${cause.message}`,
    });
  }
}

/**
 * The bytes that are hashed: 0x00 and the leaf (RFC 6962 §2.1). The leaf itself is what follows the first byte.
 */
export function leafBytes(entry: Unplaced, seq: number): Buffer {
  return Buffer.from(`\0${entry.before}${seq}${entry.after}`, 'utf8');
}

/** SHA-256 over leafBytes. */
export function leafHash(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}
