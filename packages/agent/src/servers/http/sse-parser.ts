import { ByteCollector } from '../bytes.ts';

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const EMPTY = Buffer.alloc(0);

export interface SseHandlers {
  /** One event with data. `type` is "message" where the server named none. */
  event(type: string, data: Buffer): void;
  /** The server gave an id; also without data (the priming event of 2025-11-25). */
  id(id: string): void;
  /** The server asks to wait this long before a reconnect. */
  retry(ms: number): void;
  /** An event or a line passes the bound. Nothing is parsed after this. */
  tooLarge(): void;
}

/**
 * Parses a text/event-stream as it arrives, over bytes (WHATWG HTML §9.2.6): data is passed as the server sent it,
 * never decoded. Line ends may be LF, CR or CRLF, and chunks may be cut anywhere.
 */
export class SseParser {
  readonly #handlers: SseHandlers;
  readonly #maxBytes: number;
  readonly #idMaxBytes: number;
  readonly #line = new ByteCollector();
  /** Data of the event under way: its only line, or all but the first line copied together. */
  #data: Buffer | undefined;
  #type = '';
  #id: string | undefined;
  #afterCr = false;
  #first = true;
  #stopped = false;

  constructor(maxBytes: number, idMaxBytes: number, handlers: SseHandlers) {
    this.#maxBytes = maxBytes;
    this.#idMaxBytes = idMaxBytes;
    this.#handlers = handlers;
  }

  push(chunk: Buffer): void {
    let start = 0;
    if (this.#afterCr && chunk.length > 0) {
      if (chunk[0] === LF) start = 1;
      this.#afterCr = false;
    }
    let lf = chunk.indexOf(LF, start);
    let cr = chunk.indexOf(CR, start);
    while ((lf !== -1 || cr !== -1) && !this.#stopped) {
      const end = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
      this.#endLine(chunk, start, end);
      start = end + 1;
      if (end === cr) {
        if (start === chunk.length) this.#afterCr = true;
        else if (chunk[start] === LF) start += 1;
      }
      if (lf !== -1 && lf < start) lf = chunk.indexOf(LF, start);
      if (cr !== -1 && cr < start) cr = chunk.indexOf(CR, start);
    }
    if (start < chunk.length && !this.#stopped) this.#hold(start === 0 ? chunk : chunk.subarray(start));
  }

  #hold(piece: Buffer): void {
    if (this.#line.size + piece.length + (this.#data?.length ?? 0) > this.#maxBytes) this.#stop();
    else this.#line.append(piece);
  }

  #endLine(chunk: Buffer, start: number, end: number): void {
    if (this.#line.size === 0) {
      this.#readLine(chunk.subarray(start, end));
      return;
    }
    this.#hold(chunk.subarray(start, end));
    if (!this.#stopped) this.#readLine(this.#line.take());
  }

  #readLine(whole: Buffer): void {
    let line = whole;
    if (this.#first) {
      this.#first = false;
      if (line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) line = line.subarray(3);
    }
    if (line.length === 0) {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(COLON);
    if (colon === 0) return; // A comment, as keep-alives are.
    const name = colon === -1 ? line : line.subarray(0, colon);
    let value = colon === -1 ? EMPTY : line.subarray(colon + 1);
    if (value[0] === SPACE) value = value.subarray(1);
    this.#readField(name.toString('latin1'), value);
  }

  #readField(name: string, value: Buffer): void {
    if (name === 'data') this.#addData(value);
    else if (name === 'event') this.#type = value.toString('utf8');
    else if (name === 'id') {
      if (value.length <= this.#idMaxBytes && !value.includes(0)) this.#id = value.toString('utf8');
    } else if (name === 'retry') {
      const text = value.toString('latin1');
      if (/^\d{1,9}$/.test(text)) this.#handlers.retry(Number(text));
    }
  }

  #addData(value: Buffer): void {
    const size = (this.#data?.length ?? 0) + value.length;
    if (size > this.#maxBytes) {
      this.#stop();
      return;
    }
    // Several data lines are one value with LF between; JSON nearly always comes in one.
    this.#data = this.#data === undefined ? value : Buffer.concat([this.#data, Buffer.from('\n'), value]);
  }

  #dispatch(): void {
    const id = this.#id;
    const data = this.#data;
    const type = this.#type === '' ? 'message' : this.#type;
    this.#id = undefined;
    this.#data = undefined;
    this.#type = '';
    // The id first: when the event is passed on, what comes after it is what a resume must ask for.
    if (id !== undefined) this.#handlers.id(id);
    if (data !== undefined && data.length > 0) this.#handlers.event(type, data);
  }

  #stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#data = undefined;
    this.#line.take();
    this.#handlers.tooLarge();
  }
}
