import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import { newId } from '@sallyport/shared/ids';
import { type Receipt, receiptHash, receiptLine } from '@sallyport/shared/receipts';
import {
  RECEIPTS_KEPT_BYTES,
  RECEIPTS_PAGE_BYTES,
  RECEIPTS_SEEN_MIN,
  RECEIPTS_SEGMENT_BYTES,
  RECEIPTS_UNHEARD_BYTES,
} from '../limits.ts';
import type { Logger } from '../telemetry/index.ts';
import { ReceiptsError } from './errors.ts';
import { SeenCalls } from './seen.ts';
import {
  type Head,
  readChain,
  readLines,
  removeSegment,
  type Segment,
  segmentFile,
  syncFolder,
} from './segments.ts';

export interface ReceiptsOptions {
  readonly stateDir: string;
  readonly agent: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Bytes of a file; smaller in tests. */
  readonly segmentBytes?: number;
}

/** A call that is about to be executed. */
export type NewReceipt = Pick<Receipt, 'call' | 'server' | 'session'>;

/** What the gateway is given of the chain (tunnel.proto, ReceiptsPage). */
export interface ReceiptsPage {
  readonly chain: string;
  readonly head: Head;
  readonly lines: readonly string[];
}

interface Waiting extends NewReceipt {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const sync = promisify(fdatasync);

/**
 * The hash-chained receipts of every call that this agent has given to a server. A receipt is durable before the first
 * byte of its call reaches the server; one that can't be written keeps its call from being executed. Those that wait
 * are written together.
 */
export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #folder: string;
  readonly #seen = new SeenCalls(RECEIPTS_SEEN_MIN);
  readonly #segments: Segment[];
  #chain: string;
  #head: Head;
  #heard = 0;
  #handle: number | undefined;
  #waiting: Waiting[] = [];
  #writing = false;
  /** Why nothing can be written any more: it is not known what the file holds. */
  #broken: string | undefined;

  /** @throws ReceiptsError `receipts_damaged` */
  constructor(options: ReceiptsOptions) {
    this.#options = options;
    this.#folder = join(options.stateDir, 'receipts', options.agent);
    const read = readChain(this.#folder, options.agent, ({ call }) => this.#seen.add(call));
    if (read.cutBytes > 0)
      options.log.warn('a receipt that was being written at a crash was cut off', { bytes: read.cutBytes });
    this.#chain = read.chain ?? newId('rch');
    this.#head = read.head;
    this.#segments = read.segments;
  }

  /** How far the chain goes. */
  get head(): Head {
    return this.#head;
  }

  get chain(): string {
    return this.#chain;
  }

  /**
   * Notes a call that is about to be executed; its receipt is durable when this resolves with true.
   * False where it was executed before.
   *
   * @throws ReceiptsError `receipts_unwritable`: it must not be executed
   */
  async begin(receipt: NewReceipt): Promise<boolean> {
    if (this.#seen.has(receipt.call)) return false;
    if (this.#broken !== undefined) throw unwritable(this.#broken);
    if (this.#unheardBytes() > RECEIPTS_UNHEARD_BYTES)
      throw unwritable('the gateway has not asked for receipts for too long');
    // From here on a repetition is one, also of what is only about to be written.
    this.#seen.add(receipt.call);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ ...receipt, resolve, reject });
      if (!this.#writing) void this.#write();
    });
    return true;
  }

  /** Receipts behind the `after`th of a chain; from the oldest that is here, where the chain is not this one. */
  page(chain: string, after: number): ReceiptsPage {
    const from = chain === this.#chain ? Math.min(after, this.#head.n) : 0;
    const lines: string[] = [];
    let bytes = 0;
    for (const [index, segment] of this.#segments.entries()) {
      const next = this.#segments[index + 1];
      if (next !== undefined && next.first <= from) continue;
      for (const line of readLines(this.#folder, segment, Math.max(from, segment.first))) {
        bytes += line.length + 1;
        if (bytes > RECEIPTS_PAGE_BYTES && lines.length > 0) return this.#page(lines);
        lines.push(line);
      }
    }
    return this.#page(lines);
  }

  /** The gateway has all receipts before the `n`th. Old ones may go. */
  heard(chain: string, n: number): void {
    if (chain !== this.#chain || n > this.#head.n) return;
    this.#heard = Math.max(this.#heard, n);
    let keptBytes = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    for (let oldest = this.#segments[0]; oldest !== undefined; oldest = this.#segments[0]) {
      const next = this.#segments[1];
      if (next === undefined || next.first > this.#heard || keptBytes <= RECEIPTS_KEPT_BYTES) return;
      keptBytes -= oldest.bytes;
      removeSegment(this.#folder, oldest);
      this.#segments.shift();
    }
  }

  close(): void {
    this.#closeFile();
    this.#broken ??= 'the agent stops';
  }

  #closeFile(): void {
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle !== undefined) closeSync(handle);
  }

  #page(lines: readonly string[]): ReceiptsPage {
    return { chain: this.#chain, head: this.#head, lines };
  }

  #unheardBytes(): number {
    let bytes = 0;
    for (const [index, segment] of this.#segments.entries()) {
      if ((this.#segments[index + 1]?.first ?? Number.POSITIVE_INFINITY) > this.#heard)
        bytes += segment.bytes;
    }
    return bytes;
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        await this.#writeBatch(batch);
        for (const { resolve } of batch) resolve();
      } catch (thrown) {
        // What was written can't be told from what was not: a restart reads it from the disk.
        this.#broken ??= errorText(thrown);
        this.#options.log.error('receipts can not be written: no call is executed until a restart', {
          why: this.#broken,
        });
        for (const { reject } of batch) reject(unwritable(this.#broken, thrown));
      }
    }
    this.#writing = false;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    if (this.#broken !== undefined) throw new Error(this.#broken);
    const { agent, clock } = this.#options;
    const { handle, segment } = this.#open();
    const at = new Date(clock.now()).toISOString();
    let head = this.#head;
    let text = '';
    for (const { call, server, session } of batch) {
      const line = receiptLine({
        agent,
        at,
        call,
        chain: this.#chain,
        n: head.n,
        prev: head.hash,
        server,
        session,
      });
      head = { n: head.n + 1, hash: receiptHash(line) };
      text += `${line}\n`;
    }
    const bytes = Buffer.from(text);
    let written = 0;
    while (written < bytes.length)
      written += writeSync(handle, bytes, written, bytes.length - written, segment.bytes + written);
    await sync(handle);
    segment.bytes += bytes.length;
    this.#head = head;
  }

  /** The file that receipts go to: the last, or a new one where that is full. */
  #open(): { handle: number; segment: Segment } {
    const last = this.#segments.at(-1);
    const full = last !== undefined && last.bytes >= (this.#options.segmentBytes ?? RECEIPTS_SEGMENT_BYTES);
    if (this.#handle !== undefined && last !== undefined && !full)
      return { handle: this.#handle, segment: last };
    this.#closeFile();
    const segment = last === undefined || full ? { first: this.#head.n, bytes: 0 } : last;
    const handle = openSync(segmentFile(this.#folder, segment.first), segment === last ? 'r+' : 'wx+', 0o600);
    this.#handle = handle;
    ftruncateSync(handle, segment.bytes);
    fsyncSync(handle);
    if (segment !== last) {
      syncFolder(this.#folder);
      this.#segments.push(segment);
    }
    return { handle, segment };
  }
}

function unwritable(why: string, cause?: unknown): ReceiptsError {
  return new ReceiptsError('receipts_unwritable', `a receipt could not be written (${why})`, { cause });
}
