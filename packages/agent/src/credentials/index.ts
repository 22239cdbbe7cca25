export { CredentialError, type CredentialErrorCode } from './errors.ts';
export { type Credentials, openCredentials } from './resolve.ts';
