import { SallyportError } from '@sallyport/shared/errors';

export type IdentityErrorCode = 'unavailable' | 'invalid';

export class IdentityError extends SallyportError<IdentityErrorCode> {
  override readonly name = 'IdentityError';
}
