import { SallyportError } from '@sallyport/shared/errors';

export type ReceiptsErrorCode =
  | 'receipts_damaged' // a file of the chain is not as it was written
  | 'receipts_unwritable'; // a receipt could not be made durable, so its call is not executed

export class ReceiptsError extends SallyportError<ReceiptsErrorCode> {
  override readonly name = 'ReceiptsError';
}
