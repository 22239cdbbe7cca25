export { RelayRefusal } from './refusal.ts';
export { Relay, type RelayOptions } from './relay.ts';
export type { ChannelStream, OpenOrder, RefusalCode, StartServer, TunnelSide } from './types.ts';
