export { RelayRefusal } from './refusal.ts';
export { Relay } from './relay.ts';
export type { StartServer } from './types.ts';
