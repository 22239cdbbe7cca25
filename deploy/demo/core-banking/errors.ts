/** Why the bank refuses, in words for the caller. Everything else that is thrown is a fault of the server's own. */
export class BankError extends Error {
  override readonly name = 'BankError';
  readonly code: BankErrorCode;

  constructor(code: BankErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type BankErrorCode =
  | 'not_found'
  | 'refused' // against the bank's rules
  | 'query_failed' // Postgres did not take the SQL
  | 'database_unavailable';

/** SQLSTATE classes and codes with which Postgres says that it cannot serve at all (not that a statement is wrong). */
const UNAVAILABLE_SQLSTATE = /^(08|57P0|53300|28|3D000)/;
/** Errors of the connection, before Postgres has said anything. */
const UNAVAILABLE_CODE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EACCES',
]);

/** The error's `code` member, as Node and pg set it. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether the database could not be reached, as against a statement that failed. */
export function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined) return UNAVAILABLE_CODE.has(code) || UNAVAILABLE_SQLSTATE.test(code);
  return (
    error instanceof Error &&
    /connection terminated|timeout exceeded when trying to connect|timeout expired/i.test(error.message)
  );
}

/** Turns whatever a database call threw into something the caller may read. */
export function toBankError(error: unknown): BankError {
  if (error instanceof BankError) return error;
  if (isUnavailable(error)) {
    const why = codeOf(error) ?? 'no answer';
    return new BankError(
      'database_unavailable',
      `The bank's database can't be reached (${why}). Nothing was changed. Try again once Postgres is running.`,
      { cause: error },
    );
  }
  const message = error instanceof Error ? error.message : String(error);
  return new BankError('query_failed', `The bank's database refused the operation: ${message}`, {
    cause: error,
  });
}
