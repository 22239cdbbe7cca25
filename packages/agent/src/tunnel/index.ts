export { openClients } from './client.ts';
export { Tunnels } from './tunnels.ts';
export type { ConnectClient } from './types.ts';
