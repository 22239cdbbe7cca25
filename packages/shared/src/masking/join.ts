import { asciiText, HAS_ENTITY, HAS_FOLD, isDigit, NEWLINE, SPACE } from './bytes.ts';
import { luhn, panRange } from './detectors/pan.ts';
import { Edits, EMPTY } from './edits.ts';
import { JOIN_WINDOW_BYTES } from './limits.ts';
import type { Reporter } from './plan.ts';
import { IN_SPLIT, IN_VALUE, type Run } from './run.ts';
import { TextScanner } from './scan.ts';
import { View } from './view.ts';
import { CARD, SSN } from './words.ts';

/** A scalar of digits (and separators) that may be part of a value. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly digits: string;
  readonly quoted: boolean;
  readonly bits: number;
  /** First or last of the array that holds it. */
  readonly opens: boolean;
  readonly closes: boolean;
}

const OPENS = 1;
const CLOSES = 2;

/** Pieces that are weighed together: a PAN digit by digit. */
const MAX_PIECES = 20;
/** Lengths in which people and programs split a card number. */
const SPLITS = new Set([
  '4,4,4,4',
  '8,8',
  '4,6,5',
  '6,10',
  '6,6,4',
  '4,12',
  '12,4',
  '6,9',
  '4,4,8',
  '8,4,4',
  '4,8,4',
  '10,6',
  '4,6,4',
  '6,4,6',
  '4,4,4,3',
]);

/**
 * Values split over neighbours: over blocks of text, which are read on as one text, and over scalars beside each other
 * (an array of digits, the two halves of a number under two keys), which are weighed by their digits.
 */
export class Join {
  readonly #run: Run;
  readonly #scanner: TextScanner;
  readonly #found = new Edits();
  readonly #view = new View();
  #b: Uint8Array = EMPTY;
  #edits: Edits = this.#found;
  /** Pieces gathered: offsets, meaning and edge flags side by side, for most are thrown away. */
  readonly #from = new Int32Array(2 * MAX_PIECES);
  readonly #to = new Int32Array(2 * MAX_PIECES);
  readonly #bits = new Int32Array(2 * MAX_PIECES);
  readonly #edges = new Uint8Array(2 * MAX_PIECES);
  #count = 0;
  #digits = 0;
  #opening = 0;
  readonly #tail = new Uint8Array(JOIN_WINDOW_BYTES * 2);
  readonly #tailFrom = new Int32Array(JOIN_WINDOW_BYTES * 2);
  readonly #tailTo = new Int32Array(JOIN_WINDOW_BYTES * 2);
  #tailSize = 0;

  constructor(run: Run) {
    this.#run = run;
    this.#scanner = new TextScanner(run, this.#found, null);
  }

  begin(b: Uint8Array, edits: Edits): void {
    this.#b = b;
    this.#edits = edits;
    this.#count = 0;
    this.#digits = 0;
    this.#tailSize = 0;
  }

  end(): void {
    this.interrupt();
    this.#tailSize = 0;
  }

  /** Something stands between that is no digits. */
  interrupt(): void {
    if (this.#count > 1) this.#weigh();
    this.#count = 0;
    this.#digits = 0;
  }

  /** An array begins: what is in it may be whole in itself. */
  arrayBegins(): void {
    this.#opening = OPENS;
  }

  arrayEnds(): void {
    this.#opening = 0;
    if (this.#count > 0) this.#edges[this.#count - 1] = (this.#edges[this.#count - 1] ?? 0) | CLOSES;
  }

  /** A scalar [from, to), quotes included. */
  scalar(from: number, to: number, bits: number, hasDigits: boolean): void {
    const size = hasDigits && to - from <= 34 ? pieceSize(this.#b, from, to) : 0;
    if (size === 0) {
      if (this.#count > 0) this.interrupt();
      return;
    }
    if (this.#count === 2 * MAX_PIECES) this.interrupt();
    const i = this.#count;
    this.#from[i] = from;
    this.#to[i] = to;
    this.#bits[i] = bits;
    this.#edges[i] = this.#opening;
    this.#opening = 0;
    this.#count = i + 1;
    this.#digits += size;
  }

  /** Weighs the digits gathered and cuts the windows that are a value. */
  #weigh(): void {
    if (this.#digits < 9) return;
    const pieces: Piece[] = [];
    for (let i = 0; i < this.#count; i += 1) {
      const from = this.#from[i] ?? 0;
      const to = this.#to[i] ?? 0;
      const edges = this.#edges[i] ?? 0;
      const opens = (edges & OPENS) !== 0;
      const closes = (edges & CLOSES) !== 0;
      const quoted = this.#b[from] === 0x22;
      pieces.push({
        from,
        to,
        digits: pieceDigits(this.#b, from, to),
        quoted,
        bits: this.#bits[i] ?? 0,
        opens,
        closes,
      });
    }
    for (let start = 0; start < pieces.length - 1; start += 1) {
      const taken = this.#window(pieces, start);
      if (taken > 0) start += taken - 1;
    }
  }

  #window(pieces: readonly Piece[], start: number): number {
    let digits = '';
    let bits = 0;
    for (let end = start; end < pieces.length && digits.length <= 19; end += 1) {
      const piece = pieces[end];
      if (piece === undefined) break;
      digits += piece.digits;
      bits |= piece.bits;
      if (end === start) continue;
      const entity = this.#entity(pieces, start, end + 1, digits, bits);
      if (entity !== undefined && !this.#edits.touches(pieces[start]?.from ?? 0, piece.to)) {
        this.#cutPieces(entity, pieces.slice(start, end + 1));
        return end + 1 - start;
      }
    }
    return 0;
  }

  #entity(
    pieces: readonly Piece[],
    start: number,
    end: number,
    digits: string,
    bits: number,
  ): Reporter | undefined {
    const parts = pieces.slice(start, end).map((piece) => piece.digits.length);
    if (digits.length === 9 && (bits & SSN) !== 0 && parts.join() === '3,2,4') return this.#reporter('ssn');
    if (digits.length < 13 || digits.length > 19) return undefined;
    const whole =
      (start === 0 || pieces[start]?.opens === true) &&
      (end === pieces.length || pieces[end - 1]?.closes === true);
    const typical = SPLITS.has(parts.join());
    const singles = parts.every((size) => size === 1);
    const carded = (bits & CARD) !== 0;
    if (!carded && !(typical && (whole || (pieces[start]?.quoted ?? false))) && !(singles && whole)) {
      if (!(whole && pieces[start]?.quoted === true)) return undefined;
    }
    const values = Uint8Array.from(digits, (digit) => digit.charCodeAt(0) - 0x30);
    if (!luhn(values, 0, values.length)) return undefined;
    const range = panRange(values, 0, values.length);
    return range === 2 || (carded && range > 0) ? this.#reporter('pan') : undefined;
  }

  #reporter(detector: string): Reporter | undefined {
    return this.#run.plan.digits.find((entry) => entry.detector.name === detector)?.reporter;
  }

  /** The first piece takes the masked form, the others are emptied: read in a row they are what a whole value is. */
  #cutPieces(reporter: Reporter, pieces: readonly Piece[]): void {
    const digits = new TextEncoder().encode(pieces.map((piece) => piece.digits).join(''));
    this.#run.form = IN_SPLIT;
    const done = this.#run.hit(reporter, digits, 0, digits.length, this.#found);
    this.#run.form = IN_VALUE;
    this.#run.drop = false;
    const bytes = this.#found.bytes[0] ?? EMPTY;
    this.#found.truncate(0);
    if (!done) return;
    const zero = this.#run.lastRule?.numbers === 'zero';
    for (const [index, piece] of pieces.entries()) {
      const text = index === 0 ? asciiText(bytes, 0, bytes.length) : '';
      const form = !piece.quoted && zero ? '0' : `"${text}"`;
      this.#edits.add(piece.from, piece.to, new TextEncoder().encode(form));
    }
  }

  /** A block of text, bytes [from, to) inside quotes, goes on from the block before it. */
  flow(from: number, to: number, flags: number, _bits: number): void {
    this.interrupt();
    const view = this.#view;
    const long = to - from > 6 * JOIN_WINDOW_BYTES;
    if (this.#tailSize > 0) {
      view.read(
        this.#b,
        from,
        long ? safeCut(this.#b, from, from + 6 * JOIN_WINDOW_BYTES) : to,
        true,
        (flags & (HAS_FOLD | HAS_ENTITY)) !== 0 || flags >= 64,
      );
      this.#acrossTail(view);
    }
    if (long) {
      this.#tailSize = 0;
      view.read(this.#b, safeCut(this.#b, from, to - 6 * JOIN_WINDOW_BYTES), to, true, true);
    } else if (this.#tailSize === 0) {
      view.read(this.#b, from, to, true, true);
    }
    this.#keep(view);
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

/** How many digits a scalar has that is nothing but digits, spaces and dashes; 0 for any other. */
function pieceSize(b: Uint8Array, from: number, to: number): number {
  let size = 0;
  for (let at = from; at < to; at += 1) {
    const byte = b[at] ?? 0;
    if (isDigit(byte)) size += 1;
    else if (byte !== 0x22 && byte !== SPACE && byte !== 0x2d) return 0;
  }
  return size <= 16 ? size : 0;
}

function pieceDigits(b: Uint8Array, from: number, to: number): string {
  let digits = '';
  for (let at = from; at < to; at += 1) if (isDigit(b[at] ?? 0)) digits += String.fromCharCode(b[at] ?? 0);
  return digits;
}
