import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorText } from '@sallyport/shared/errors';
import { FIRST_PREV, parseReceipt, type Receipt, receiptHash } from '@sallyport/shared/receipts';
import { ReceiptsError } from './errors.ts';

/** One file of a chain: the receipts from `first` on, a line each. */
export interface Segment {
  readonly first: number;
  bytes: number;
}

/** The end of a chain: how many receipts it has, and the hash of the last. */
export interface Head {
  readonly n: number;
  readonly hash: string;
}

export interface ReadChain {
  readonly chain: string | undefined;
  readonly head: Head;
  readonly segments: Segment[];
  /** Bytes cut from the end: a receipt that was being written when the process died. Its call was never executed. */
  readonly cutBytes: number;
}

const NAME = /^(\d{16})\.ndjson$/;

export function segmentFile(folder: string, first: number): string {
  return join(folder, `${String(first).padStart(16, '0')}.ndjson`);
}

/**
 * Reads a chain from its folder and checks every link of it. What was being written at a crash is cut off.
 *
 * @param each is given every receipt in order
 * @throws ReceiptsError `receipts_damaged` where anything else is not as it was written
 */
export function readChain(folder: string, agent: string, each: (receipt: Receipt) => void): ReadChain {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const segments: Segment[] = [];
  let chain: string | undefined;
  let head: Head = { n: 0, hash: FIRST_PREV };
  let cutBytes = 0;
  const firsts = readdirSync(folder)
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number);
  for (const [index, first] of firsts.sort((a, b) => a - b).entries()) {
    const file = segmentFile(folder, first);
    const bytes = readBytes(file);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) {
      if (index < firsts.length - 1) throw damaged(file, 'it does not end with a line');
      cutBytes = bytes.length - whole;
      cut(file, whole);
    }
    // Older files may have been handed over and removed: the chain then begins with the oldest that is there.
    if (index === 0) head = { n: first, hash: '' };
    if (first !== head.n) throw damaged(file, `it should begin with receipt ${head.n}: a file is missing`);
    for (const line of bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1)) {
      const receipt = parseReceipt(line);
      const linked =
        receipt !== undefined &&
        receipt.n === head.n &&
        receipt.agent === agent &&
        (chain === undefined || receipt.chain === chain) &&
        (head.hash === '' ? receipt.n > 0 || receipt.prev === FIRST_PREV : receipt.prev === head.hash);
      if (!linked)
        throw damaged(file, `receipt ${head.n}, or the one before it, is not what was written there`);
      chain = receipt.chain;
      head = { n: head.n + 1, hash: receiptHash(line) };
      each(receipt);
    }
    segments.push({ first, bytes: whole });
  }
  // A file that was made for a first receipt which was then not written.
  return { chain, head: head.hash === '' ? { ...head, hash: FIRST_PREV } : head, segments, cutBytes };
}

/** Lines of a segment from receipt `from` on. */
export function readLines(folder: string, segment: Segment, from: number): string[] {
  const text = readBytes(segmentFile(folder, segment.first)).subarray(0, segment.bytes).toString('utf8');
  return text.split('\n').slice(from - segment.first, -1);
}

/** Removes a segment for good. */
export function removeSegment(folder: string, segment: Segment): void {
  rmSync(segmentFile(folder, segment.first), { force: true });
  syncFolder(folder);
}

/** Makes durable which files there are. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ReceiptsError('receipts_damaged', `${file} can't be read (${errorText(cause)})`, { cause });
  }
}

function cut(file: string, bytes: number): void {
  try {
    truncateSync(file, bytes);
  } catch (cause) {
    throw new ReceiptsError('receipts_damaged', `${file} can't be mended (${errorText(cause)})`, { cause });
  }
}

function damaged(file: string, why: string): ReceiptsError {
  return new ReceiptsError(
    'receipts_damaged',
    `${file} is damaged: ${why}. Restore the folder; or move it away and tell the gateway's administrators, whose log will show that this agent's receipts began anew.`,
  );
}
