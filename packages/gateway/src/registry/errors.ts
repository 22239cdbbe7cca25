import { SallyportError } from '@sallyport/shared/errors';

export type RegistryErrorCode =
  | 'conflict' // the version has moved on since the plan was made
  | 'invalid' // the plan has problems, or is not of this registry
  | 'unavailable'; // the database does not answer, or the change could not be recorded: nothing was changed

export class RegistryError extends SallyportError<RegistryErrorCode> {
  override readonly name = 'RegistryError';
}
