import { maskAnalysed } from './analysed.ts';
import { asciiText, HAS_ENTITY, HAS_FOLD, OPEN_BRACE, OPEN_BRACKET, utf8 } from './bytes.ts';
import { Edits } from './edits.ts';
import type { Unpack } from './encoded-runs.ts';
import { Refused } from './errors.ts';
import { DOCUMENT_CHECK_BYTES, ENCODING_MAX_DEPTH, NESTING_MAX_DEPTH } from './limits.ts';
import { insideMask, isMasked } from './masked-form.ts';
import { HAS_ESCAPE } from './reader.ts';
import { IN_ENCODED, type Run } from './run.ts';
import { TextScanner } from './scan.ts';
import { checkSyntax, skipSpace } from './syntax.ts';
import {
  cellFrom,
  cellsRead,
  cellTo,
  delimiterOf,
  isRule,
  lineEnd,
  readCells,
  type TableHead,
  tableHead,
} from './tables.ts';
import { unpackRun } from './unpack.ts';
import { View } from './view.ts';
import { Walker } from './walk.ts';
import { ANY_MEANING, SECRET } from './words.ts';

/**
 * One level of text in text. The message is level 0; JSON in one of its strings, or text unpacked from base64, is the
 * next. Each level has its own scratch, so that a level can be left half-read while the one below is masked.
 */
export class Layer {
  readonly run: Run;
  readonly scanner: TextScanner;
  readonly walker: Walker;
  readonly view = new View();
  readonly #inner = new Edits();
  readonly #depth: number;
  readonly #packed: number;
  #child: Layer | null = null;
  #packedChild: Layer | null = null;
  #blobChild: Layer | null = null;

  constructor(run: Run, depth: number, packed: number) {
    this.run = run;
    this.#depth = depth;
    this.#packed = packed;
    const unpack: Unpack = (...packedRun) => this.#unpack(...packedRun);
    this.scanner = new TextScanner(run, this.#inner, packed < ENCODING_MAX_DEPTH ? unpack : null);
    this.walker = new Walker(this);
  }

  /** Forgets what a document left half-masked. */
  #reset(): void {
    this.#inner.truncate(0);
    for (const layer of [this.#child, this.#packedChild, this.#blobChild]) if (layer !== null) layer.#reset();
  }

  /** The level below, null where there may be none. */
  #below(): Layer | null {
    if (this.#depth >= NESTING_MAX_DEPTH) return null;
    this.#child ??= new Layer(this.run, this.#depth + 1, this.#packed);
    return this.#child;
  }

  /** Masks the inside of a JSON string, bytes [from, to) between its quotes; `flags` were collected while it was read. */
  jsonString(b: Uint8Array, from: number, to: number, flags: number, keyBits: number, edits: Edits): void {
    if ((flags & (HAS_ESCAPE | HAS_FOLD | HAS_ENTITY)) === 0) {
      this.text(b, from, to, keyBits, edits);
      return;
    }
    const view = this.view;
    if (this.opensDocument(b, from, to)) {
      view.read(b, from, to, true, false);
      if (this.#document(view.bytes, 0, view.size, this.#inner)) {
        edits.takeFrom(this.#inner, view, true);
        return;
      }
    }
    view.read(b, from, to, true, true);
    this.text(view.bytes, 0, view.size, keyBits, this.#inner);
    edits.takeFrom(this.#inner, view, true);
  }

  /** Whether a JSON string's text could be a document: begins with a brace or bracket after white space. */
  opensDocument(b: Uint8Array, from: number, to: number): boolean {
    let at = skipSpace(b, from, to);
    while (
      at + 1 < to &&
      b[at] === 0x5c &&
      (b[at + 1] === 0x6e || b[at + 1] === 0x72 || b[at + 1] === 0x74)
    ) {
      at = skipSpace(b, at + 2, to);
    }
    return b[at] === OPEN_BRACE || b[at] === OPEN_BRACKET;
  }

  /** Masks bytes [from, to) as JSON in text. @returns false where they are none. */
  #document(b: Uint8Array, from: number, to: number, edits: Edits): boolean {
    const below = this.#below();
    if (below === null) return false;
    // Small texts are checked first: most that only begin like JSON are small. Large ones are walked at once, and what
    // was done is undone where they turn out to be none.
    const small = to - from < DOCUMENT_CHECK_BYTES;
    if (small && checkSyntax(b, from, to, true) !== 'valid') return false;
    const undo = small ? null : this.run.snapshot();
    const count = edits.count;
    try {
      below.walker.nested(b, from, to, edits);
      return true;
    } catch (thrown) {
      const syntax =
        thrown instanceof Refused &&
        (thrown.refusal.reason === 'malformed' || thrown.refusal.reason === 'too_deep');
      if (undo === null || !syntax) throw thrown;
      undo();
      below.#reset();
      edits.truncate(count);
      return false;
    }
  }

  /** Masks plain text: JSON, tables, or prose; then the customer's patterns and words. */
  text(b: Uint8Array, from: number, to: number, keyBits: number, edits: Edits): void {
    if (to - from < 3) return;
    const first = b[from] ?? 0;
    if (first <= 0x20 || first === OPEN_BRACE || first === OPEN_BRACKET) {
      const open = b[skipSpace(b, from, to)] ?? 0;
      if ((open === OPEN_BRACE || open === OPEN_BRACKET) && this.#document(b, from, to, edits)) return;
    }
    if (to - from > 12 && b !== this.run.raw && lineEnd(b, from, to) < to) {
      if (!this.scanner.secret(b, from, to, keyBits, edits))
        this.#lines(b, from, to, keyBits & ~SECRET, edits);
    } else this.scanner.scan(b, from, to, keyBits, edits);
    if (!this.run.plan.hasCustom) return;
    this.custom(b, from, to, edits);
    if (this.run.plan.analysers.size > 0) maskAnalysed(this.run, b, from, to, edits);
  }

  /** A number lexeme. One written with an exponent, or a fraction of zeros, is read as the integer it is. */
  number(b: Uint8Array, from: number, to: number, keyBits: number, edits: Edits): void {
    const begin = b[from] === 0x2d ? from + 1 : from;
    let plain = true;
    for (let at = begin; at < to && plain; at += 1) plain = (b[at] ?? 0) >= 0x30;
    // A fraction is never a value itself, and what stands before its point is too short to be one.
    if (!plain && (keyBits & ANY_MEANING) === 0 && isShortFraction(b, begin, to) && !this.run.plan.hasCustom)
      return;
    const integer = plain || to - begin > 64 ? null : integerOf(asciiText(b, begin, to));
    if (integer !== null) this.scanner.scan(utf8(integer), 0, integer.length, keyBits, edits);
    else this.scanner.scan(b, begin, to, keyBits, edits);
    if (this.run.plan.hasCustom) this.custom(b, from, to, edits);
  }

  /** Customer patterns and dictionaries over a text. */
  custom(b: Uint8Array, from: number, to: number, edits: Edits): void {
    const plan = this.run.plan;
    const cut = (index: number) => (start: number, end: number) => {
      const reporter = plan.reporters[index];
      if (reporter === undefined || isMasked(b, start, end) || insideMask(b, from, start, end)) return;
      this.run.hit(reporter, b, start, end, edits, from);
    };
    for (const dictionary of plan.dictionaries) dictionary.find(b, from, to, cut(dictionary.index));
    if (plan.patterns.size === 0) return;
    const text = b.slice(from, to);
    for (const pattern of plan.patterns.matching(text)) {
      const made = cut(pattern.index);
      pattern.find(text, (start, end) => made(from + start, from + end));
    }
  }

  /** Text of several lines: looks for heads of tables, and reads the rows below them cell by cell. */
  #lines(b: Uint8Array, from: number, to: number, keyBits: number, edits: Edits): void {
    let segment = from;
    let at = from;
    let inBlock = false;
    while (at < to) {
      const end = lineEnd(b, at, to);
      const delimiter = delimiterOf(b, at, end);
      const head = delimiter !== 0 && !inBlock ? tableHead(this.run.plan, b, at, end, delimiter, to) : null;
      inBlock = delimiter !== 0;
      at = end + 1;
      if (head === null) continue;
      this.scanner.scan(b, segment, end, keyBits, edits);
      at = this.#rows(b, at, to, head, keyBits, edits);
      segment = at;
      inBlock = false;
    }
    if (segment < to) this.scanner.scan(b, segment, to, keyBits, edits);
  }

  /** @returns where the table ends. */
  #rows(b: Uint8Array, from: number, to: number, head: TableHead, keyBits: number, edits: Edits): number {
    let at = from;
    while (at < to) {
      const end = lineEnd(b, at, to);
      if (!isRule(b, at, end)) {
        const count = readCells(b, at, end, head.delimiter);
        if (count < Math.min(2, head.columns.length) || count > head.columns.length + 2) break;
        let mine = cellsRead();
        for (let i = 0; i < count; i += 1) {
          this.#cell(b, cellFrom(i), cellTo(i), head, i, keyBits, edits);
          // A packed text in the cell may have held a table of its own, and left its cells.
          if (cellsRead() !== mine) readCells(b, at, end, head.delimiter);
          mine = cellsRead();
        }
      }
      at = end + 1;
    }
    return Math.min(at, to);
  }

  #cell(
    b: Uint8Array,
    from: number,
    to: number,
    head: TableHead,
    index: number,
    keyBits: number,
    edits: Edits,
  ): void {
    const column = head.columns[index];
    const reporter =
      column !== undefined && column.rule >= 0 ? this.run.plan.reporters[column.rule] : undefined;
    if (reporter !== undefined && to > from && !isMasked(b, from, to)) {
      if (this.run.hit(reporter, b, from, to, edits, from)) return;
    }
    if (to - from >= 3) this.scanner.scan(b, from, to, keyBits | (column?.bits ?? 0), edits);
  }

  /** Masks an encoded run's text and packs it again. */
  #unpack(b: Uint8Array, from: number, to: number, hex: boolean, keyBits: number, edits: Edits): boolean {
    const unpacked = unpackRun(b, from, to, hex);
    if (unpacked === null) return false;
    this.#packedChild ??= new Layer(this.run, this.#depth, this.#packed + 1);
    const masked = this.#packedChild.#whole(unpacked.bytes, keyBits);
    if (masked === null) return false;
    edits.add(from, to, unpacked.pack(masked), this.run.lastKey);
    return true;
  }

  /** Masks the text of a blob: encoded too, but as the carrier's own form, which doesn't count as evasion's depth. */
  blob(bytes: Uint8Array): Uint8Array | null {
    this.#blobChild ??= new Layer(this.run, this.#depth, this.#packed);
    return this.#blobChild.#whole(bytes, 0);
  }

  /** Masks a text of its own (not a JSON string). @returns null where nothing was found. */
  #whole(bytes: Uint8Array, keyBits: number): Uint8Array | null {
    const edits = new Edits();
    const form = this.run.form;
    this.run.form = IN_ENCODED;
    if (!this.opensDocument(bytes, 0, bytes.length) || !this.#document(bytes, 0, bytes.length, edits)) {
      this.view.read(bytes, 0, bytes.length, false, true);
      this.text(this.view.bytes, 0, this.view.size, keyBits, this.#inner);
      edits.takeFrom(this.#inner, this.view, false);
    }
    this.run.form = form;
    return edits.count === 0 ? null : edits.apply(bytes, 0, bytes.length);
  }
}

/** Whether a number has a point after fewer than twelve digits, and no exponent. */
function isShortFraction(b: Uint8Array, from: number, to: number): boolean {
  let point = from;
  while (point < to && b[point] !== 0x2e) point += 1;
  if (point === to || point - from >= 12) return false;
  for (let at = point + 1; at < to; at += 1) if ((b[at] ?? 0) > 0x39) return false;
  return true;
}

/** The digits of an integer in any of JSON's forms: 4.2e3 is 4200, 42.00 is 42. Null for a true fraction. */
function integerOf(lexeme: string): string | null {
  const match = /^(\d+)(?:\.(\d+))?(?:[eE]\+?(\d{1,2}))?$/.exec(lexeme);
  if (match === null) return null;
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  const exponent = Number(match[3] ?? 0);
  if (fraction.length > exponent || (match[1] ?? '').length + exponent > 24) return null;
  return `${match[1] ?? ''}${fraction}${'0'.repeat(exponent - fraction.length)}`.replace(/^0+(?=\d)/, '');
}
