import { isDigit, NEWLINE } from './bytes.ts';
import { Edits, EMPTY } from './edits.ts';
import { JOIN_WINDOW_BYTES } from './limits.ts';
import { IN_SPLIT, IN_VALUE, type Run } from './run.ts';
import { TextScanner } from './scan.ts';
import { View } from './view.ts';

/** Source of a block that is read for its head or tail: enough for the window if every character is an escape. */
const LONG_BYTES = 6 * JOIN_WINDOW_BYTES;

/** Values split over blocks of text, which are read on as one text. */
export class Flow {
  readonly #run: Run;
  readonly #scanner: TextScanner;
  readonly #found = new Edits();
  readonly #view = new View();
  #b: Uint8Array = EMPTY;
  #edits: Edits = this.#found;
  readonly #tail = new Uint8Array(JOIN_WINDOW_BYTES * 2);
  readonly #tailFrom = new Int32Array(JOIN_WINDOW_BYTES * 2);
  readonly #tailTo = new Int32Array(JOIN_WINDOW_BYTES * 2);
  #tailSize = 0;
  /** The block read last, whose end is not in the tail yet; -1 where there is none. */
  #lastFrom = -1;
  #lastTo = 0;

  constructor(run: Run) {
    this.#run = run;
    this.#scanner = new TextScanner(run, this.#found, null);
  }

  begin(b: Uint8Array, edits: Edits): void {
    this.#b = b;
    this.#edits = edits;
    this.#tailSize = 0;
    this.#lastFrom = -1;
    this.#found.truncate(0);
  }

  /** A block of text, bytes [from, to) inside quotes, goes on from the block before it. */
  block(from: number, to: number, flags: number): void {
    // Most messages have one block: its end is read only when another comes.
    if (this.#lastFrom >= 0) this.#absorb(this.#lastFrom, this.#lastTo);
    if (this.#tailSize > 0) {
      const head = to - from > LONG_BYTES ? safeCut(this.#b, from, from + LONG_BYTES) : to;
      this.#view.read(this.#b, from, head, true, flags !== 0);
      this.#acrossTail(this.#view);
    }
    this.#lastFrom = from;
    this.#lastTo = to;
  }

  /** Takes the end of a block as the tail, after what is there already where the block is short. */
  #absorb(from: number, to: number): void {
    const long = to - from > LONG_BYTES;
    if (long) this.#tailSize = 0;
    this.#view.read(this.#b, long ? safeCut(this.#b, from, to - LONG_BYTES) : from, to, true, true);
    this.#keep(this.#view);
  }

  /** Scans the last text's tail with this text's head, and cuts what crosses between them. */
  #acrossTail(view: View): void {
    const head = Math.min(view.size, JOIN_WINDOW_BYTES);
    if (!joinable(this.#tail, this.#tailSize, view.bytes, head)) return;
    // Read on without a break first: a value cut in two. Then as two lines: words before a value in the next block.
    if (!this.#scanBoth(view, head, 0)) this.#scanBoth(view, head, 1);
  }

  #scanBoth(view: View, head: number, space: number): boolean {
    const size = this.#tailSize;
    const both = new Uint8Array(size + space + head).fill(NEWLINE);
    both.set(this.#tail.subarray(0, size));
    both.set(view.bytes.subarray(0, head), size + space);
    const counted = this.#run.mark();
    this.#run.form = IN_SPLIT;
    this.#scanner.scan(both, 0, both.length, 0, this.#found);
    this.#run.form = IN_VALUE;
    this.#run.drop = false;
    let used = 0;
    for (let i = 0; i < this.#found.count; i += 1) {
      const from = this.#found.from[i] ?? 0;
      const to = (this.#found.to[i] ?? 0) - space;
      if (this.#crosses(view, from >= size + space ? from - space : from, to, this.#found.bytes[i] ?? EMPTY))
        used += 1;
      else this.#run.uncount(counted, used);
    }
    this.#found.truncate(0);
    return used > 0;
  }

  #crosses(view: View, from: number, to: number, bytes: Uint8Array): boolean {
    const size = this.#tailSize;
    if (to <= size) return false;
    const headFrom = view.startOf(Math.max(from - size, 0));
    const headTo = view.endOf(to - size);
    if (this.#edits.touches(headFrom, headTo)) return false;
    if (from >= size) {
      this.#edits.add(headFrom, headTo, bytes);
      return true;
    }
    const tailFrom = this.#tailFrom[from] ?? 0;
    for (let i = from; i < size; i += 1)
      if (this.#edits.touches(this.#tailFrom[i] ?? 0, this.#tailTo[i] ?? 0)) return false;
    this.#cutTail(from, tailFrom, bytes);
    this.#edits.add(headFrom, headTo, EMPTY);
    return true;
  }

  /** Cuts the tail's part, which may itself lie in several blocks. */
  #cutTail(from: number, tailFrom: number, bytes: Uint8Array): void {
    let begin = tailFrom;
    let last = this.#tailTo[from] ?? 0;
    let put = bytes;
    for (let i = from + 1; i <= this.#tailSize; i += 1) {
      const next = i < this.#tailSize ? (this.#tailFrom[i] ?? 0) : -1;
      if (next === last) {
        last = this.#tailTo[i] ?? 0;
        continue;
      }
      this.#edits.add(begin, last, put);
      put = EMPTY;
      begin = next;
      last = i < this.#tailSize ? (this.#tailTo[i] ?? 0) : 0;
    }
  }

  /** Keeps the end of what was read, after the tail before it where both are short. */
  #keep(view: View): void {
    const add = Math.min(view.size, JOIN_WINDOW_BYTES);
    const stay = Math.min(this.#tailSize, JOIN_WINDOW_BYTES - Math.min(add, JOIN_WINDOW_BYTES));
    this.#tail.copyWithin(0, this.#tailSize - stay, this.#tailSize);
    this.#tailFrom.copyWithin(0, this.#tailSize - stay, this.#tailSize);
    this.#tailTo.copyWithin(0, this.#tailSize - stay, this.#tailSize);
    for (let i = 0; i < add; i += 1) {
      const v = view.size - add + i;
      this.#tail[stay + i] = view.bytes[v] ?? 0;
      this.#tailFrom[stay + i] = view.startOf(v);
      this.#tailTo[stay + i] = view.endOf(v + 1);
    }
    this.#tailSize = stay + add;
  }
}

/** A place at or after `at` where no escape is cut in two. */
function safeCut(b: Uint8Array, from: number, at: number): number {
  let cut = Math.max(from, at);
  while (cut > from && ((b[cut] ?? 0) & 0xc0) === 0x80) cut -= 1;
  let back = cut;
  while (back > from && cut - back < 12 && b[back - 1] !== 0x5c) back -= 1;
  return b[back - 1] === 0x5c && back > from ? Math.max(from, back - 1) : cut;
}

/** Whether anything could cross: both sides are parts of words or numbers, and one has a digit, an @ or a word for it. */
function joinable(tail: Uint8Array, tailSize: number, head: Uint8Array, headSize: number): boolean {
  if (headSize === 0) return false;
  const window = 48;
  for (let i = Math.max(0, tailSize - window); i < tailSize; i += 1) if (signals(tail[i] ?? 0)) return true;
  for (let i = 0; i < Math.min(headSize, window); i += 1) if (signals(head[i] ?? 0)) return true;
  return false;
}

function signals(byte: number): boolean {
  return isDigit(byte) || byte === 0x40 || byte === 0x3d || byte === 0x2d;
}
