import type { ServerResponse } from 'node:http';
import type { Stream } from '../call/index.ts';
import { KEEP_ALIVE_COMMENT_MS, STREAM_AFTER_MS, TICK_MS } from './limits.ts';

const open = new Set<HttpAnswer>();

/** One timer for all answers, none per call; it does not keep the process alive. */
setInterval(() => {
  const now = performance.now();
  for (const each of open) each.tick(now);
}, TICK_MS).unref();

/**
 * One HTTP response of the MCP endpoint. It is JSON where the answer comes alone and soon, and an event stream as
 * soon as something comes before it or the answer takes its time.
 */
export class HttpAnswer implements Stream {
  readonly #response: ServerResponse;
  readonly #mayStream: boolean;
  readonly #whenGone: (() => void)[] = [];
  #announced: Readonly<Record<string, string>> = {};
  #streaming = false;
  #done = false;
  #lastWriteMs = performance.now();

  constructor(response: ServerResponse, options: { mayStream: boolean }) {
    this.#response = response;
    this.#mayStream = options.mayStream;
    response.on('close', () => {
      open.delete(this);
      if (this.#done) return;
      this.#done = true;
      for (const listener of this.#whenGone) listener();
    });
    if (options.mayStream) open.add(this);
  }

  onGone(listener: () => void): void {
    this.#whenGone.push(listener);
  }

  announce(headers: Readonly<Record<string, string>>): void {
    this.#announced = headers;
  }

  /** Begins the event stream: headers leave at once, uncompressed, unbuffered by proxies. */
  open(): void {
    if (this.#streaming || this.#done) return;
    this.#streaming = true;
    this.#response.writeHead(200, {
      ...this.#announced,
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
    });
    this.#response.flushHeaders();
  }

  async interim(raw: Buffer): Promise<void> {
    if (this.#done) return;
    this.open();
    if (this.#write(event(raw)) || this.#done) return;
    await new Promise<void>((resolve) => {
      // Both go with the first: a stream that lives for hours waits many times.
      const go = () => {
        this.#response.off('drain', go).off('close', go);
        resolve();
      };
      this.#response.on('drain', go).on('close', go);
    });
  }

  final(reply: { status: number; body?: Buffer; headers?: Readonly<Record<string, string>> }): void {
    if (this.#done) return;
    this.#done = true;
    open.delete(this);
    const { status, body, headers } = reply;
    if (this.#streaming) {
      this.#response.end(body === undefined ? undefined : event(body));
      return;
    }
    this.#response.writeHead(status, {
      ...headers,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      'Content-Length': body?.length ?? 0,
    });
    // A text leaves with its headers in one write, a buffer in two. The bytes are the same: they were read as UTF-8.
    if (body === undefined || body.length > ONE_WRITE_MAX_BYTES) this.#response.end(body);
    else this.#response.end(body.toString('utf8'), 'utf8');
  }

  /** Ends the stream without an answer. */
  end(): void {
    if (this.#done) return;
    this.#done = true;
    open.delete(this);
    this.#response.end();
  }

  tick(nowMs: number): void {
    if (this.#done) return;
    const silentMs = nowMs - this.#lastWriteMs;
    if (!this.#streaming && silentMs >= STREAM_AFTER_MS && this.#mayStream) this.open();
    if (this.#streaming && silentMs >= KEEP_ALIVE_COMMENT_MS) this.#write(COMMENT);
  }

  #write(bytes: Buffer): boolean {
    this.#lastWriteMs = performance.now();
    return this.#response.write(bytes);
  }
}

/** Beyond this the copy costs more than the second write. */
const ONE_WRITE_MAX_BYTES = 16 * 1024;

const COMMENT = Buffer.from(': alive\n\n');
const HEAD = Buffer.from('event: message\ndata: ');
const TAIL = Buffer.from('\n\n');

/** An event with the message as its data. A message with line ends is several data lines: the same text again. */
function event(raw: Buffer): Buffer {
  if (!raw.includes(0x0a) && !raw.includes(0x0d)) return Buffer.concat([HEAD, raw, TAIL]);
  // In JSON a raw line end is white space between tokens, so that joining lines with \n changes no meaning.
  const lines = raw.toString('utf8').split(/\r\n|\r|\n/);
  return Buffer.from(`event: message\n${lines.map((line) => `data: ${line}\n`).join('')}\n`);
}
