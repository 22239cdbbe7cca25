import { SallyportError } from '@sallyport/shared/errors';

export type LimitErrorCode =
  | 'exceeded'
  | 'amount' // a budget needs an amount that the call does not give plainly
  | 'unavailable';

/** A call that a limit stops. The message is for the caller. */
export class LimitError extends SallyportError<LimitErrorCode> {
  override readonly name = 'LimitError';
  /** Name of the limit's document. */
  readonly limit: string;
  /** Milliseconds after which it may be tried again, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: LimitErrorCode,
    limit: string,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(code, message, options.cause === undefined ? {} : { cause: options.cause });
    this.limit = limit;
    this.retryAfterMs = options.retryAfterMs;
  }
}
