import type { AnchorRecord, AnchorsState } from './anchors/types.ts';
import type { Evidence, Omitted } from './evidence.ts';
import type { ForwardingState } from './forward/forwarder.ts';

export type { Evidence, Omitted } from './evidence.ts';

import type { AuditRetention } from './retention/types.ts';
import type { EntryPage, EntryQuery } from './search/types.ts';
import type { AskWitness, Cosignature, QuorumState, WitnessConflict, WitnessKey } from './witness/types.ts';

/**
 * An entry before the log has sealed it: what happened, without the place in the log.
 *
 * The common members are AUDIT.md's. Each room adds fields of its own kinds under the same rule: names, digests,
 * counts and codes, never payload. Members that do not apply are left out. Values are canonical JSON values:
 * integers only, no lone surrogates.
 */
export interface EntryDraft {
  kind: EntryKind;
  actor?: Actor;
  /** Session id, `ses_…`. */
  session?: string;
  /** Call id, `cal_…`. */
  call?: string;
  server?: string;
  agent?: string;
  tool?: string;
  toolDefinition?: string;
  method?: string;
  decision?: EntryDecision;
  grant?: string;
  approval?: string;
  /**
   * The request as it is kept: digest and size of its masked form; `commit` to the exact bytes, where they are sealed;
   * `omitted` where the masked form is not kept, and why.
   */
  request?: { digest: string; bytes: number; commit?: string; omitted?: Omitted };
  response?: { digest: string; bytes: number; findings?: Record<string, number>; omitted?: Omitted };
  outcome?: {
    transport: TransportOutcome;
    rpc?: 'result' | 'error';
    rpcCode?: number;
    tool?: 'ok' | 'error';
  };
  /** Milliseconds from receipt to this entry. */
  duration?: number;
  source?: { ip?: string; client?: string };
  /** Names of the control events the entry serves, as in REGULATION.md. */
  control?: readonly string[];
  /** Fields of one kind's own. */
  fields?: { readonly [name: string]: EntryValue | undefined };
}

/** Canonical JSON values (shared/canonical-json). */
export type EntryValue =
  | string
  | number
  | boolean
  | null
  | readonly EntryValue[]
  | { readonly [key: string]: EntryValue | undefined };

export type { EntryPage, EntryQuery } from './search/types.ts';

/** A kind is `<thing>.<happening>`; each room owns its kinds. */
export type EntryKind = `${string}.${string}` | 'unmask' | 'shred';

/** How far a call's message got. `unknown`: it left, no answer was seen; never called failed, never sent again. */
export type TransportOutcome = 'answered' | 'not_sent' | 'unknown' | 'withheld' | 'cancelled';

export interface Actor {
  kind: 'service-account' | 'user' | 'agent' | 'gateway' | 'anonymous';
  name: string;
  /** Id of the token it came with; never the token. */
  token?: string;
}

export interface EntryDecision {
  effect: 'allow' | 'deny' | 'hold';
  reasons: readonly string[];
  policies: readonly string[];
  policyVersion: string;
  /** Of a hold: the approval flows that it waits for. */
  flows?: readonly string[];
  /** What it would have been with the dry-run policies, where that differs. */
  would?: Omit<EntryDecision, 'would' | 'on'>;
  /** What it was made on, beside the entry's own principal, server, tool and session. */
  on?: {
    action: string;
    era: 'legacy' | 'modern';
    groups?: readonly string[];
    /** Where there are too many to name. */
    groupCount?: number;
    /** Of a resource or prompt, whose name is in `fields.resource`. */
    type?: string;
    client?: string;
    approvals?: readonly string[];
    grant?: { id: string; reason: string; ticket?: string };
    labels?: readonly string[];
  };
}

/** Where a recorded entry stands in the log. */
export interface Recorded {
  readonly seq: number;
  readonly id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly ts: string;
}

/** An entry as it is read back: the leaf's own text, and where it stands. */
export interface StoredEntry extends Recorded {
  readonly origin: string;
  readonly kind: string;
  /** The canonical JSON of the entry, exactly the bytes whose hash is in the log. */
  readonly leaf: string;
  /** SHA-256(0x00 ‖ leaf), hexadecimal. */
  readonly leafHash: string;
}

/** A checkpoint as it is kept, in the order of its making. */
export interface StoredCheckpoint {
  /** Dense from 0 in the slot. */
  readonly number: number;
  /** Entries it covers. */
  readonly size: number;
  /** RFC 3339, UTC, to the second, as signed. */
  readonly ts: string;
  /** The signed note (C2SP tlog-checkpoint). */
  readonly note: string;
}

/** Whether the log is being signed. */
export type SigningState = {
  /** Verifier keys of the log (C2SP signed-note). */
  readonly keys: readonly string[];
} & (
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: string;
      /** Milliseconds since the first checkpoint that could not be made. */
      readonly forMs: number;
      /** Whether that is longer than calls may go on. */
      readonly callsRefused: boolean;
    }
);

/** An entry's text and hash as the database has them. */
export interface StoredLeaf {
  readonly leaf: string;
  /** SHA-256(0x00 ‖ leaf), hexadecimal. */
  readonly leafHash: string;
}

/** Entries of the log, by where they stand and what they say. All that is given must match. */
export interface RecordScope {
  /** From this seq, and up to but without `until`. */
  readonly from: number;
  readonly until: number;
  readonly principal?: string;
  readonly server?: string;
  readonly session?: string;
}

export interface Hold {
  /** `hld_…` */
  readonly id: string;
  readonly scope: RecordScope;
  readonly reason: string;
  readonly placedAt: string;
  readonly placedBy: string;
  readonly releasedAt?: string;
  readonly releasedBy?: string;
}

/** What is to be had of the log's witnesses. */
export interface AuditWitnesses {
  state(): QuorumState;
  /** An agent is attached and countersigns with this key (C2SP verifier key). */
  agentAttached(agent: string, key: string, ask: AskWitness): Promise<void>;
  /** Resolves when the checkpoint is countersigned, or a few seconds are over. */
  settled(checkpoint: StoredCheckpoint): Promise<void>;
  /** A checkpoint's note with the lines of all who have countersigned it. */
  cosigned(checkpoint: StoredCheckpoint): Promise<string>;
  /** Of checkpoints `from` to `until`, both inclusive, in order; a page of them. */
  cosignatures(from: number, until: number): Promise<Cosignature[]>;
  keys(): Promise<WitnessKey[]>;
  conflicts(): Promise<WitnessConflict[]>;
}

/** A sealed original as it lies in the database. */
export interface KeptOriginal {
  readonly seq: number;
  readonly period: string;
  readonly wrappedKey: Buffer;
  readonly sealed: Buffer;
}

/** How the disk of the embedded database is. */
export interface DiskState {
  /** Whole percents. */
  readonly freePercent: number;
  readonly low: boolean;
  /** Whether calls are refused for it. */
  readonly refuses: boolean;
  /** Why it can't be told. */
  readonly problem?: string;
}

/** Where checkpoints are anchored. */
export interface AuditAnchors {
  state(): AnchorsState;
  /** Anchors the newest checkpoint everywhere now. */
  now(): Promise<AnchorsState>;
  /** What was anchored, behind a position, of checkpoints up to `until`. */
  page(after: { number: number; anchor: string }, until: number, limit: number): Promise<AnchorRecord[]>;
}

/** The audit room's door. */
export interface Audit {
  readonly origin: string;
  /**
   * Resolves when the entry is durable in Postgres, not before. Entries that wait are written together by one
   * statement (group commit); order of calls is order of seq.
   *
   * @throws AuditError `unavailable` when it cannot be made durable. The caller then must not go on.
   */
  record(draft: EntryDraft, evidence?: Evidence): Promise<Recorded>;
  /** A body that is kept under this digest; undefined where none is (any more). */
  body(digest: string): Promise<Buffer | undefined>;
  /**
   * Opens a sealed original. The reader's name and reason are in the log before anything is opened.
   *
   * @throws AuditError `not_found`, `shredded` or `unavailable`.
   */
  unmask(seq: number, by: Actor, reason: string, source?: EntryDraft['source']): Promise<Buffer>;
  /** Legal holds, newest first; those released too. */
  holds(): Promise<Hold[]>;
  /** Puts a hold in force, or ends one. For the proposal room, which has seen to the second person. */
  placeHold(hold: { id: string; scope: RecordScope; reason: string }, by: string): Promise<void>;
  releaseHold(id: string, by: string): Promise<void>;
  /** What of a scope could be shredded, and what stands in the way. */
  shreddable(scope: RecordScope): Promise<{ records: number; heldBy: readonly string[] }>;
  /**
   * Makes originals unreadable for ever, and removes the bodies of these entries. The entries stay and still verify.
   *
   * @throws AuditError `held` where a legal hold covers any of it; then nothing is shredded.
   */
  shred(scope: RecordScope, proposal: string): Promise<{ records: number; bodies: number }>;
  /** Whether the last flush was confirmed, the slot is still ours, and the log is signed or was until lately. */
  healthy(): boolean;
  search(query: EntryQuery): Promise<StoredEntry[]>;
  searchPage(query: EntryQuery): Promise<EntryPage>;
  get(seq: number): Promise<StoredEntry | undefined>;
  /** Entries in the log, with those that are gone. */
  size(): number;
  /** Seq of the first entry that is left: 0 until a month has gone. */
  first(): number;
  readonly retention: AuditRetention;
  /** Undefined where the log has no signer. */
  signing(): SigningState | undefined;
  /** The newest checkpoint, also of the runs before. */
  newestCheckpoint(): StoredCheckpoint | undefined;
  /**
   * Signs the log as it is now.
   *
   * @throws AuditError `signer_refused` or `unavailable`.
   */
  makeCheckpoint(): Promise<StoredCheckpoint>;
  /** Checkpoints from a number on, at most `limit`. */
  checkpoints(from: number, limit: number): Promise<StoredCheckpoint[]>;
  /** Seq of the first entry at an instant (RFC 3339) or later; the log's size where there is none. @throws RangeError */
  seqAt(instant: string): Promise<number>;
  /** Roots of the complete subtrees that make up the first `size` entries, largest first (RFC 6962 §2.1). */
  treeBefore(size: number): Promise<Buffer[]>;
  /** The last checkpoint that covers at most so many entries, and the first that covers at least so many. */
  checkpointUpTo(size: number): Promise<StoredCheckpoint | undefined>;
  checkpointFrom(size: number): Promise<StoredCheckpoint | undefined>;
  /** What is kept beside entries before `size`, in pages: masked bodies in order of digest, sealed originals of seq. */
  keptBodies(after: string, size: number, limit: number): Promise<{ digest: string; body: Buffer }[]>;
  keptOriginals(after: number, size: number, limit: number): Promise<KeptOriginal[]>;
  /** How handing over entries to receivers stands. */
  forwarding(): ForwardingState[];
  /** Undefined where the log is not on a disk of the gateway's. */
  disk(): DiskState | undefined;
  /** Where checkpoints are anchored; undefined where nowhere. */
  readonly anchors?: AuditAnchors;
  /** Those who countersign; undefined where nobody is asked to. */
  readonly witnesses?: AuditWitnesses;
  /** Entries from `from` to `until` - 1 in order; fewer when they are a page's worth, at least one when there is one. */
  leaves(from: number, until: number): Promise<StoredLeaf[]>;
  /** Writes `log.stop` and lets the slot go. */
  close(): Promise<void>;
}
