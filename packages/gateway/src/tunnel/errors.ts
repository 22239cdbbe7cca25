import { SallyportError } from '@sallyport/shared/errors';
import type { TunnelErrorCode } from './types.ts';

/** What can go wrong between the gateway and an agent; `message` is safe for the caller. */
export class TunnelError extends SallyportError<TunnelErrorCode> {
  override readonly name = 'TunnelError';
}

/**
 * A refusal to the far end of a gRPC call. `details` is read by the agent's operator, so it says what to do.
 * `reason` is the closed word for the record.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** gRPC status code. */
  readonly code: number;
  readonly details: string;
  readonly reason: RefusalReason;

  constructor(code: number, reason: RefusalReason, details: string, options?: { cause?: unknown }) {
    super(details, options);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

export type RefusalReason =
  | 'no_certificate'
  | 'certificate_unknown'
  | 'certificate_revoked'
  | 'certificate_expired'
  | 'certificate_mismatch'
  | 'token_malformed'
  | 'token_wrong'
  | 'token_expired'
  | 'token_used'
  | 'request_malformed'
  | 'request_signature'
  | 'request_key'
  | 'too_many_failures'
  | 'foreign_channel'
  | 'unknown_channel'
  | 'protocol'
  | 'draining'
  | 'unavailable';
