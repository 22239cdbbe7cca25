import { ByteCollector } from '../bytes.ts';

const NEWLINE = 0x0a;

/**
 * Cuts a byte stream at newlines. A line that lies in one chunk is passed as a view of it, without a copy.
 */
export class LineSplitter {
  readonly #onLine: (line: Buffer) => void;
  readonly #onTooLong: (sizeBytes: number) => void;
  readonly #maxBytes: number;
  readonly #held = new ByteCollector();

  /** `onTooLong` is told as soon as a line passes `maxBytes`; what was held of it is dropped. */
  constructor(maxBytes: number, onLine: (line: Buffer) => void, onTooLong: (sizeBytes: number) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
    this.#onTooLong = onTooLong;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#finish(chunk, start, end);
      start = end + 1;
    }
    if (start < chunk.length) this.#hold(start === 0 ? chunk : chunk.subarray(start));
  }

  /** Passes what has no newline yet, at the end of the stream. */
  flush(): void {
    if (this.#held.size > 0) this.#onLine(this.#held.take());
  }

  #finish(chunk: Buffer, start: number, end: number): void {
    if (this.#held.size === 0) {
      if (end - start > this.#maxBytes) this.#onTooLong(end - start);
      else this.#onLine(chunk.subarray(start, end));
      return;
    }
    this.#hold(chunk.subarray(start, end));
    if (this.#held.size > 0) this.#onLine(this.#held.take());
  }

  #hold(piece: Buffer): void {
    const size = this.#held.size + piece.length;
    if (size > this.#maxBytes) {
      this.#held.take();
      this.#onTooLong(size);
    } else {
      this.#held.append(piece);
    }
  }
}
