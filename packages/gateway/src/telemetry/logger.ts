import { createLogger, format, type Logger, transports } from 'winston';

export type { Logger } from 'winston';

/**
 * The process's own log: one JSON object a line on standard error.
 * It never carries payloads, tokens or credentials; rooms pass names, ids, codes and counts.
 */
export function openLogger(level: string, component: string): Logger {
  return createLogger({
    level,
    defaultMeta: { component },
    format: format.combine(format.timestamp(), format.json()),
    transports: [new transports.Console({ stderrLevels: ['error', 'warn', 'info', 'debug'] })],
  });
}
