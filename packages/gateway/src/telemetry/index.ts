export { type Logger, openLogger } from './logger.ts';
export { createMetrics, type Metrics, type Readings } from './metrics.ts';
