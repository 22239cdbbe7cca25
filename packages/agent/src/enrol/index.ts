export { enrol } from './enrol.ts';
export { EnrolError } from './errors.ts';
export { fetchChain, sha256, verifyChain } from './fetch-authority.ts';
export { Renewer, validity } from './renew.ts';
export { loadIdentity } from './state.ts';
export { parseToken } from './token.ts';
export type { Identity } from './types.ts';
