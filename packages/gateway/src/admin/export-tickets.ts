import type { ReceiptSpan } from '../receipt/index.ts';
import { EXPORT_MAX_AGE_MS, EXPORTS_MAX_OPEN } from './limits.ts';

/** What an export that was begun, and recorded, may read. */
export interface ExportTicket {
  /** Id of the `log.export` entry. */
  readonly id: string;
  /** The token that began it. */
  readonly tokenId: string;
  /** Seqs of the entries in it: from this one on, and everything before `size`. */
  readonly from: number;
  readonly size: number;
  /** Numbers of its first and last checkpoint. */
  readonly firstCheckpoint: number;
  readonly checkpoint: number;
  /** Of a part of the log: which receipts belong to it. */
  readonly receipts?: readonly ReceiptSpan[];
}

/**
 * Exports under way. Their pages are read without an entry for each, since the export's own entry stands for all; so
 * a page is only for the token that began the export, and only for a time.
 */
export class ExportTickets {
  readonly #open = new Map<string, { ticket: ExportTicket; untilMs: number }>();
  readonly #nowMs: () => number;

  /** @param nowMs monotonic milliseconds. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(ticket: ExportTicket): void {
    this.#open.set(ticket.id, { ticket, untilMs: this.#nowMs() + EXPORT_MAX_AGE_MS });
    const [oldest] = this.#open.keys();
    if (this.#open.size > EXPORTS_MAX_OPEN && oldest !== undefined) this.#open.delete(oldest);
  }

  find(id: string, tokenId: string): ExportTicket | undefined {
    const found = this.#open.get(id);
    if (found === undefined || found.ticket.tokenId !== tokenId) return undefined;
    if (this.#nowMs() < found.untilMs) return found.ticket;
    this.#open.delete(id);
    return undefined;
  }
}
