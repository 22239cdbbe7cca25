import type { Actor } from '../types.ts';

/** How long entries of some kinds and servers are kept; members that are left out restrict nothing. */
export interface RetentionClass {
  readonly name: string;
  /** `call.outcome`, `call.*` or `*`. */
  readonly kinds?: readonly string[];
  readonly servers?: readonly string[];
  /** `5y`, `18m` or `400d`. */
  readonly keep: string;
}

/** Entries of a partition that one class decides on. */
export interface ClassInPartition {
  readonly name: string;
  readonly keep: string;
  readonly entries: number;
}

/**
 * `open`: entries may still come. `kept`: its time is not over. `due`: it may go. `blocked`: it is due, and something
 * stands in the way. `dropped`: it is gone.
 */
export type PartitionState = 'empty' | 'open' | 'kept' | 'due' | 'blocked' | 'dropped';

/** One partition of the log and what becomes of it. */
export interface PartitionStatus {
  /** `2026_11`, or `before_2026_12` for what was there before there were partitions. */
  readonly name: string;
  readonly state: PartitionState;
  /** RFC 3339; undefined for the beginning of the log. */
  readonly fromAt?: string;
  readonly untilAt: string;
  /** Seqs of its entries: from the first up to but without `until`. */
  readonly from?: number;
  readonly until?: number;
  readonly bytes: number;
  /** What its entries fall under, the longest first: the first decides. */
  readonly classes: readonly ClassInPartition[];
  /** When the longest class lets it go, RFC 3339. */
  readonly dueAt?: string;
  /** What stands in the way of a partition that is due, in words. */
  readonly blockedBy: readonly string[];
  /** Its export, once it was written and verified. */
  readonly exported?: ExportedPartition;
  /** Of a partition that is gone: the entry that says so, and what it says. */
  readonly dropped?: { readonly entry: number; readonly at: string; readonly fields: unknown };
}

/** An export of a partition, as it was verified. */
export interface ExportedPartition {
  readonly from: number;
  readonly until: number;
  /** It ends with the first checkpoint behind the partition: of so many entries. */
  readonly size: number;
  readonly checkpoint: number;
  readonly location: string;
  /** SHA-256 of its MANIFEST.json, hexadecimal. */
  readonly manifest: string;
  readonly verifiedAt: string;
}

/** A drop, as it is proposed and confirmed. */
export interface DropOrder {
  readonly partition: string;
  readonly from: number;
  readonly until: number;
  /** SHA-256 of the export's MANIFEST.json. */
  readonly manifest: string;
}

/** What becomes of the log's months. */
export interface AuditRetention {
  /** All partitions there are and were, oldest first. */
  status(): Promise<PartitionStatus[]>;
  /** The month whose export is being written, and why the last one of others could not be. */
  exports(): { readonly running?: string; readonly problems: Readonly<Record<string, string>> };
  /** Begins to write and verify the export of a month that is due. @throws AuditError `not_due`, `unavailable` */
  beginExport(name: string, by: Actor): Promise<void>;
  /** What a drop of this month would be. @throws AuditError `not_due` */
  order(name: string): Promise<DropOrder>;
  /** What is in the way of exactly this drop, in words. */
  problem(order: DropOrder): Promise<string | undefined>;
  /** For the proposal room, which has seen to the second person. Safe to run again under the same proposal. */
  drop(order: DropOrder, by: { readonly people: string; readonly proposal: string }): Promise<string>;
}
