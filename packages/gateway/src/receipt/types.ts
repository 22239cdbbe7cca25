/** A page of an agent's receipts, as it answered (tunnel.proto, ReceiptsPage). */
export interface ReceiptsAnswer {
  readonly chain: string;
  readonly size: number;
  /** Hash of the last receipt, hexadecimal. */
  readonly head: string;
  readonly lines: readonly string[];
  readonly problem: string;
}

/** What is known of one agent's chain of receipts. */
export interface KnownChain {
  readonly agent: string;
  readonly chain: string;
  readonly size: number;
  readonly head: string;
  /** Receipts whose head the log has. */
  readonly recorded: number;
  /** Entries before it have been compared. */
  readonly settledSeq: number;
  /** RFC 3339: when the agent was last heard. */
  readonly at: string;
  /** Why the chain is not believed any more: what the agent showed does not go on from what it had shown. */
  readonly problem?: string;
}

/** What one comparison of an agent's receipts with the log came to. */
export interface Reconciliation {
  readonly agent: string;
  /** `away`: the agent did not answer. `problem`: what it showed is not believed; `detail` says why. */
  readonly state: 'done' | 'away' | 'problem';
  readonly detail?: string;
  readonly size: number;
  /** Receipts that were not known before. */
  readonly added: number;
  /** Of those, receipts of calls that the log has no intent of. */
  readonly unmatched: number;
  /** Calls that had ended as unknown, with a receipt and without. */
  readonly withReceipt: number;
  readonly withoutReceipt: number;
}
