import { SallyportError } from '@sallyport/shared/errors';

export type CredentialErrorCode = 'credential_missing' | 'credential_unreadable' | 'credential_malformed';

/** A credential can't be presented. `message` names the reference, never the value. */
export class CredentialError extends SallyportError<CredentialErrorCode> {
  override readonly name = 'CredentialError';

  constructor(code: CredentialErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { ...options, origin: 'agent' });
  }
}
