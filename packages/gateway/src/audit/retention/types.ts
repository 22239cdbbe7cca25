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
  /** Of a partition that is gone: the entry that says so, and what it says. */
  readonly dropped?: { readonly entry: number; readonly at: string; readonly fields: unknown };
}

/** What becomes of the log's months. */
export interface AuditRetention {
  /** All partitions there are and were, oldest first. */
  status(): Promise<PartitionStatus[]>;
}
