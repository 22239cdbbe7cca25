export { ConfigError } from './errors.ts';
export { loadSettings } from './load.ts';
export type { Settings } from './settings.ts';
export { isSupervised } from './supervised.ts';
