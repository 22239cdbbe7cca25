export { openCredentials } from './resolve.ts';
