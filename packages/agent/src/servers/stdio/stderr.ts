import type { Readable } from 'node:stream';
import type { Clock } from '@sallyport/shared/clock';
import { STDERR_BURST_LINES, STDERR_LINE_MAX_BYTES, STDERR_LINES_PER_SECOND } from '../../limits.ts';
import type { Logger } from '../../telemetry/index.ts';
import { LineSplitter } from './lines.ts';
import { RateLimit } from './rate.ts';

/**
 * Reads a server's stderr to its end, always: a full pipe would stop the server. Lines go to the agent's log at
 * debug, shortened and limited in number; none ever goes to a client.
 */
export function drainStderr(stderr: Readable, log: Logger, clock: Clock): void {
  const limit = new RateLimit(STDERR_LINES_PER_SECOND, STDERR_BURST_LINES, clock);
  const line = (bytes: Buffer): void => {
    if (bytes.length === 0) return;
    if (!limit.allows()) return;
    const dropped = limit.takeDropped();
    if (dropped > 0) log.warn('server wrote more to stderr than is logged', { droppedLines: dropped });
    if (log.isDebugEnabled()) {
      log.debug('server stderr', { line: bytes.toString('utf8', 0, STDERR_LINE_MAX_BYTES).trimEnd() });
    }
  };
  const splitter = new LineSplitter(STDERR_LINE_MAX_BYTES, line, (sizeBytes) => {
    if (limit.allows()) log.debug('server stderr: a line too long to log', { sizeBytes });
  });
  stderr.on('data', (chunk: Buffer) => splitter.push(chunk));
  stderr.on('end', () => {
    splitter.flush();
    const dropped = limit.takeDropped();
    if (dropped > 0) log.warn('server wrote more to stderr than is logged', { droppedLines: dropped });
  });
  stderr.on('error', () => undefined);
}
