export { converse } from './converse.ts';
export { ServerError } from './errors.ts';
export { openServers, type Servers } from './open.ts';
export { Guardian, StartBackoff } from './stdio/index.ts';
export type { ServerConnection } from './types.ts';
