import { SallyportError } from '@sallyport/shared/errors';

export type EnrolErrorCode =
  | 'token_malformed'
  | 'gateway_unreachable'
  | 'gateway_untrusted'
  | 'gateway_refused'
  | 'state_unusable'
  | 'not_enrolled'
  | 'certificate_expired';

/** The agent can't get, keep or use its certificate. `message` says what to do. */
export class EnrolError extends SallyportError<EnrolErrorCode> {
  override readonly name = 'EnrolError';

  constructor(code: EnrolErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { ...options, origin: 'agent' });
  }

  /** Whether trying again later may help without a person. */
  get passing(): boolean {
    return this.code === 'gateway_unreachable';
  }
}
