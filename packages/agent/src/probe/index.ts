export { askServer } from './ask-server.ts';
export { Inventory } from './inventory.ts';
export { listTools } from './list-tools.ts';
export type { Era, ServerStatus } from './types.ts';
