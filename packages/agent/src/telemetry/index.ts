export { type Logger, openLogger } from './logger.ts';
