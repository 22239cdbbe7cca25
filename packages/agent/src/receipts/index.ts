export { ReceiptsError } from './errors.ts';
export { type NewReceipt, Receipts, type ReceiptsOptions, type ReceiptsPage } from './receipts.ts';
