/** Who an error comes from: it decides what the user is told and whom the operator calls. */
export type ErrorOrigin = 'client' | 'gateway' | 'agent' | 'server';

/**
 * An error with a public description apart from its private detail.
 *
 * Each room declares its own closed union of codes and a subclass; nothing outside a room makes up codes.
 * `message` is safe to show to the caller: what happened, why, and what to do next. `cause` and `detail` are for
 * the operator's log only.
 */
export class SallyportError<Code extends string = string> extends Error {
  override readonly name: string = 'SallyportError';
  readonly code: Code;
  readonly origin: ErrorOrigin;
  /** For the log, never for the caller; never payload, tokens or credentials. */
  readonly detail: string | undefined;

  constructor(
    code: Code,
    message: string,
    options: { origin?: ErrorOrigin; cause?: unknown; detail?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.origin = options.origin ?? 'gateway';
    this.detail = options.detail;
  }
}

/** The text of anything thrown, for a log line. */
export function errorText(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return String(thrown);
}
