export { formatAddress, parseAddress } from './address.ts';
export {
  baseEnvironment,
  isSupervised,
  logLevelOfEnvironment,
  readEnvironment,
  searchPath,
} from './environment.ts';
export { ConfigError } from './errors.ts';
export { parseConfig, readConfig } from './read.ts';
export type {
  AgentConfig,
  GatewayAddress,
  ServerDefinition,
  StdioDefinition,
} from './types.ts';
export { watchConfig } from './watch.ts';
