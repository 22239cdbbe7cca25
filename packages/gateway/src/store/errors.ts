import { SallyportError } from '@sallyport/shared/errors';

/** What can go wrong between the gateway and its database. */
export type StoreErrorCode =
  | 'unavailable' // Postgres does not answer
  | 'migration_failed' // a migration could not be applied; nothing of it was
  | 'folder_in_use' // another process runs a Postgres on the same folder
  | 'folder_unusable' // the folder's place or permissions do not allow a Postgres
  | 'binaries_missing' // no Postgres binaries for this machine
  | 'start_failed' // initdb or Postgres ended with an error
  | 'key_missing' // the master key file is not there
  | 'key_invalid' // the master key file holds no key
  | 'key_mismatch' // sealed with another key
  | 'sealed_damaged'; // the sealed bytes or their name were changed

export class StoreError extends SallyportError<StoreErrorCode> {
  override readonly name = 'StoreError';
}
