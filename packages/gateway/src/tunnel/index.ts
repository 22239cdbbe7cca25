export { postgresAgentStore } from './agent-store.ts';
export { TunnelError } from './errors.ts';
export type { Sealer, TunnelOptions, TunnelRecord } from './options.ts';
export { startTunnel } from './start.ts';
export type { AgentStore, StoredAgent, StoredCertificate, StoredToken } from './storage.ts';
export type {
  AgentStatus,
  Channel,
  OpenChannelRequest,
  ServerStatus,
  Tunnel,
  TunnelErrorCode,
  WitnessAnswer,
} from './types.ts';
