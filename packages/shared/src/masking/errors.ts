import { SallyportError } from '../errors.ts';
import type { Refusal, RefusalReason } from './types.ts';

/** Why a rule or a plan is refused. Closed. */
export type MaskingErrorCode =
  | 'pattern_not_re2'
  | 'pattern_matches_empty'
  | 'pattern_matches_everything'
  | 'pattern_too_large'
  | 'unknown_detector'
  | 'rule_incomplete'
  | 'path_malformed'
  | 'duplicate_rule'
  | 'key_missing'
  | 'vault_missing'
  | 'token_malformed';

/** A rule or plan that can't be used. The message says which rule, why, and what to change. */
export class MaskingError extends SallyportError<MaskingErrorCode> {
  override readonly name = 'MaskingError';
}

/** Ends the masking of one message from any depth; it never leaves this room. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(reason: RefusalReason, message: string, rule?: string) {
    super(message);
    this.refusal = rule === undefined ? { reason, message } : { reason, message, rule };
  }
}
