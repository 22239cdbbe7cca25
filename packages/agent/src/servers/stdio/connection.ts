import type { Clock } from '@sallyport/shared/clock';
import { MESSAGE_FROM_SERVER_MAX_BYTES } from '@sallyport/shared/limits';
import { STDOUT_LINGER_MS } from '../../limits.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { EndReason, OutboundMessage, ServerConnection, ServerEvents } from '../types.ts';
import type { StartBackoff } from './backoff.ts';
import { endProcess, signalGroup } from './ending.ts';
import type { Guardian } from './guardian.ts';
import { LineSplitter } from './lines.ts';
import { RateLimit } from './rate.ts';
import type { ServerProcess } from './spawn.ts';
import { drainStderr } from './stderr.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const NEWLINE_BYTES = Buffer.from('\n');
// Up to here one copy is cheaper than a second system call or a vectored write.
const COPY_MAX_BYTES = 16 * 1024;

export interface StdioParts {
  readonly name: string;
  readonly child: ServerProcess;
  readonly pgid: number;
  readonly events: ServerEvents;
  readonly log: Logger;
  readonly clock: Clock;
  readonly guardian: Guardian;
  readonly backoff: StartBackoff;
}

/**
 * A running server process, spoken to in lines.
 *
 * The hot path: a message to the server is one write, a line from the server is one event, nothing is parsed.
 */
export class StdioConnection implements ServerConnection {
  readonly #parts: StdioParts;
  readonly #child: ServerProcess;
  readonly #events: ServerEvents;
  readonly #startedAt: number;
  readonly #noise: RateLimit;
  readonly #over = Promise.withResolvers<void>();
  #spoke = false;
  #paused = false;
  #ended = false;
  #ending: { hurry(): void; over(): void } | undefined;
  /** What the end will be called where the exit code doesn't say it better. */
  #why: { reason: EndReason; detail: string } | undefined;

  constructor(parts: StdioParts) {
    this.#parts = parts;
    this.#child = parts.child;
    this.#events = parts.events;
    this.#startedAt = parts.clock.monotonicMs();
    this.#noise = new RateLimit(1, 5, parts.clock);
    this.#attach();
  }

  send(message: OutboundMessage): boolean {
    const { stdin } = this.#child;
    if (!stdin.writable) {
      const { exchange } = message;
      const detail = 'the server takes no more messages; it is ending';
      this.#events.exchangeEnded({
        exchange,
        delivery: 'DELIVERY_NOT_SENT',
        error: 'write',
        detail,
        httpStatus: 0,
      });
      return true;
    }
    const payload = asOneLine(message.payload);
    if (payload.length <= COPY_MAX_BYTES) {
      const line = Buffer.allocUnsafe(payload.length + 1);
      payload.copy(line);
      line[payload.length] = NEWLINE;
      return stdin.write(line);
    }
    stdin.cork();
    stdin.write(payload);
    const more = stdin.write(NEWLINE_BYTES);
    stdin.uncork();
    return more;
  }

  cancel(): void {}

  listen(): void {}

  forgetExchanges(): void {}

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#child.stdout.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#child.stdout.resume();
  }

  end(urgent: boolean): Promise<void> {
    this.#why ??= { reason: 'ended', detail: '' };
    this.#beginEnd(urgent);
    return this.#over.promise;
  }

  #beginEnd(urgent: boolean): void {
    if (this.#ended) return;
    if (this.#ending === undefined) {
      this.#ending = endProcess(this.#child, this.#parts.pgid, urgent);
      // What the server still says would go nowhere; reading on keeps it from blocking on a full pipe.
      this.resume();
    } else if (urgent) {
      this.#ending.hurry();
    }
  }

  #attach(): void {
    const { stdin, stdout, stderr } = this.#child;
    const splitter = new LineSplitter(
      MESSAGE_FROM_SERVER_MAX_BYTES,
      (line) => this.#line(line),
      (sizeBytes) => this.#tooLong(sizeBytes),
    );
    stdout.on('data', (chunk: Buffer) => splitter.push(chunk));
    stdout.on('end', () => splitter.flush());
    stdout.on('error', () => undefined);
    stdin.on('drain', () => this.#events.drained());
    stdin.on('error', (error) => this.#stdinBroke(error));
    drainStderr(stderr, this.#parts.log, this.#parts.clock);
    this.#child.on('error', (error) => {
      this.#parts.log.warn('server process error', { problem: error.message });
    });
    this.#child.once('exit', () => this.#exited());
    this.#child.once('close', (code, signal) => this.#closed(code, signal));
  }

  #line(line: Buffer): void {
    const end = line.length > 0 && line[line.length - 1] === RETURN ? line.length - 1 : line.length;
    let first = 0;
    while (first < end && (line[first] === SPACE || line[first] === 0x09)) first += 1;
    if (first === end) return;
    const byte = line[first];
    if (byte !== OPEN_BRACE && byte !== OPEN_BRACKET) {
      // Noise: a banner or a print statement of the server's author. Its text may be data, so only its size is told.
      if (this.#noise.allows()) {
        const { log } = this.#parts;
        log.warn('server wrote a line to stdout that is no message; ignored', {
          sizeBytes: end - first,
          more: this.#noise.takeDropped(),
        });
      }
      return;
    }
    this.#spoke = true;
    if (!this.#ended) this.#events.message(0, line.subarray(first, end));
  }

  #tooLong(sizeBytes: number): void {
    const detail = `the server sent a line of more than ${MESSAGE_FROM_SERVER_MAX_BYTES} bytes`;
    this.#parts.log.error('server ended: line too long', { sizeBytes });
    this.#why ??= { reason: 'guard', detail };
    this.#beginEnd(true);
  }

  #stdinBroke(error: Error): void {
    // Usually the first sign of an exit that is told in a moment. A server that only closed its stdin can't be
    // spoken to any more, so it is ended.
    this.#parts.log.debug('server closed its stdin', { problem: error.message });
    this.#why ??= { reason: 'closed', detail: 'the server closed its stdin' };
    this.#beginEnd(false);
    this.#events.drained();
  }

  #exited(): void {
    // Whatever the server started and left behind in its group ends with it.
    signalGroup(this.#parts.pgid, 'SIGKILL');
    this.#parts.guardian.remove(this.#parts.pgid);
    this.#ending?.over();
    const { stdout, stderr, stdin } = this.#child;
    stdin.destroy();
    // 'close' waits for the pipes. A process that left the group may hold them for ever; last lines that wait
    // because the channel is slow are worth waiting for.
    const linger = (): void => {
      if (this.#ended) return;
      if (this.#paused) {
        setTimeout(linger, STDOUT_LINGER_MS).unref();
        return;
      }
      stdout.destroy();
      stderr.destroy();
    };
    setTimeout(linger, STDOUT_LINGER_MS).unref();
  }

  #closed(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#ended) return;
    this.#ended = true;
    const livedMs = this.#parts.clock.monotonicMs() - this.#startedAt;
    const how = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
    const end = this.#describeEnd(code, how);
    if (end.reason === 'crashed' || end.reason === 'exited') {
      this.#parts.backoff.ended(this.#parts.name, livedMs, this.#spoke, how);
    }
    this.#events.ended(end.reason, end.detail);
    this.#over.resolve();
  }

  #describeEnd(code: number | null, how: string): { reason: EndReason; detail: string } {
    const why = this.#why;
    // A broken stdin is how an exit is often noticed first: then the exit is the news.
    if (why !== undefined && why.reason !== 'closed')
      return { reason: why.reason, detail: why.detail || how };
    if (why !== undefined && code === null) return { reason: 'crashed', detail: how };
    if (code === 0) return { reason: 'exited', detail: how };
    return { reason: 'crashed', detail: how };
  }
}

/**
 * A message as one line. Raw line breaks in JSON can only be white space between its tokens (a string has them
 * escaped), so a space in their place says the same; left in, one message would become two lines.
 */
function asOneLine(payload: Buffer): Buffer {
  for (let at = payload.indexOf(NEWLINE); at !== -1; at = payload.indexOf(NEWLINE, at + 1))
    payload[at] = SPACE;
  for (let at = payload.indexOf(RETURN); at !== -1; at = payload.indexOf(RETURN, at + 1)) payload[at] = SPACE;
  return payload;
}
