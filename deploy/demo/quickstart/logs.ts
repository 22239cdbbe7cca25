import { closeSync, copyFileSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_CHECK_MS, LOG_MAX_BYTES, LOG_TAIL_BYTES, LOG_TAIL_LINES } from './limits.ts';

/**
 * The log file of one process. The process writes into the file itself, not through us: it goes on writing when we
 * are killed, and never meets a broken pipe while it cleans up.
 */
export class ProcessLog {
  readonly path: string;
  /** Opened for appending, for the child's stdout and stderr. */
  readonly descriptor: number;
  readonly #timer: NodeJS.Timeout;

  constructor(folder: string, name: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.path = join(folder, `${name}.log`);
    this.descriptor = openSync(this.path, 'a', 0o600);
    this.rotate();
    this.#timer = setInterval(() => this.rotate(), LOG_CHECK_MS);
    this.#timer.unref();
  }

  /**
   * Copies a log that has grown too large aside and empties it. Lines written between the two are lost; that is the
   * price of a file that processes hold open.
   */
  rotate(maxBytes = LOG_MAX_BYTES): void {
    if (fstatSync(this.descriptor).size <= maxBytes) return;
    copyFileSync(this.path, `${this.path}.1`);
    ftruncateSync(this.descriptor, 0);
  }

  /** The last lines, for a person who must know why the process failed. */
  tail(): string {
    const file = openSync(this.path, 'r');
    try {
      const { size } = fstatSync(file);
      const length = Math.min(size, LOG_TAIL_BYTES);
      const bytes = Buffer.alloc(length);
      readSync(file, bytes, 0, length, size - length);
      return bytes.toString('utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
    } finally {
      closeSync(file);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    closeSync(this.descriptor);
  }
}
