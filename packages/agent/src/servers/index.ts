export { converse } from './converse.ts';
export { type Dialogue, openDialogue } from './dialogue.ts';
export { ServerError } from './errors.ts';
export { openServers, type Servers } from './open.ts';
export { Guardian, StartBackoff } from './stdio/index.ts';
export type { ServerConnection } from './types.ts';
