export { converse, type Question, type Reply } from './converse.ts';
export { ServerError } from './errors.ts';
export { openServers, type Servers } from './open.ts';
export { Guardian, StartBackoff } from './stdio/index.ts';
export type { OutboundMessage, ServerConnection, ServerEvents } from './types.ts';
