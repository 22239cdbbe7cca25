export { loadSettings, type Settings } from './config/index.ts';
export type { Gateway } from './doors.ts';
export { type EmbeddedPostgres, startEmbeddedPostgres } from './store/index.ts';
export { openLogger } from './telemetry/index.ts';
export { startGateway } from './wire.ts';
