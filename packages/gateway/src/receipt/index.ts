/** Agents' receipts of executed calls, held against the log (docs/AUDIT.md, Receipts). */
export { ANSWER_MAX_MS as RECEIPTS_ANSWER_MAX_MS } from './limits.ts';
export { Receipts, type ReceiptsOptions } from './receipts.ts';
export type { ReceiptSpan } from './table.ts';
export type { KnownChain, Reconciliation } from './types.ts';
