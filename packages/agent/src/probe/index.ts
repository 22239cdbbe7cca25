export { askServer } from './ask-server.ts';
export { Inventory } from './inventory.ts';
export type { ServerStatus } from './types.ts';
