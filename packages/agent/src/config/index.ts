export { formatAddress, parseAddress } from './address.ts';
export {
  baseEnvironment,
  isSupervised,
  logLevelOfEnvironment,
  readEnvironment,
  searchPath,
} from './environment.ts';
export { ConfigError } from './errors.ts';
export { parseConfig, type ReadConfig, readConfig } from './read.ts';
export type {
  AgentConfig,
  GatewayAddress,
  HttpDefinition,
  ServerDefinition,
  StdioDefinition,
  ValueSource,
} from './types.ts';
export { type ConfigWatch, watchConfig } from './watch.ts';
