import { asciiText, isDigit, SPACE } from './bytes.ts';
import { luhn, panRange } from './detectors/pan.ts';
import { Edits, EMPTY } from './edits.ts';
import type { Reporter } from './plan.ts';
import { IN_SPLIT, IN_VALUE, type Run } from './run.ts';
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
 * Values split over scalars beside each other (an array of digits, the two halves of a number under two keys), weighed
 * by their digits.
 */
export class Pieces {
  readonly #run: Run;
  readonly #found = new Edits();
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

  constructor(run: Run) {
    this.#run = run;
  }

  begin(b: Uint8Array, edits: Edits): void {
    this.#b = b;
    this.#edits = edits;
    this.#count = 0;
    this.#digits = 0;
    this.#found.truncate(0);
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
    // The last byte of digits, or before the quote, tells most other strings.
    const last = this.#b[this.#b[to - 1] === 0x22 ? to - 2 : to - 1] ?? 0;
    const size = hasDigits && to - from <= 34 && last <= 0x39 ? pieceSize(this.#b, from, to) : 0;
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
