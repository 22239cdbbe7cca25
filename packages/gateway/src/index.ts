export { loadSettings, type Settings } from './config/index.ts';
export { type EmbeddedPostgres, startEmbeddedPostgres } from './store/index.ts';
export { openLogger } from './telemetry/index.ts';
export { type Gateway, startGateway } from './wire.ts';
