import { BACKSLASH, HAS_ENTITY, HAS_FOLD, STOP, STRING_FLAG } from './bytes.ts';
import { codePointAt, hex4, percent, reference, SIMPLE_ESCAPE } from './escapes.ts';
import { fold, NOTHING, SAME } from './fold.ts';

/**
 * A text as its reader sees it: JSON escapes, percent and character references resolved, look-alikes folded, and for
 * every byte the place in the source that it came from. Findings are made here and cut out there.
 */
export class View {
  bytes: Uint8Array = new Uint8Array(1024);
  size = 0;
  /** From view offset `at[k]` on, source offset = `source[k]` + distance, until the next entry. */
  #at: Int32Array = new Int32Array(64);
  #source: Int32Array = new Int32Array(64);
  #marks = 0;
  /** What was read last. */
  #b: Uint8Array = new Uint8Array(0);
  #from = 0;
  #to = 0;
  #json = false;
  #folding = true;
  /** Where `advance` has got to. */
  #viewAt = 0;
  #sourceAt = 0;
  /** The text was read without marks. */
  #unmarked = false;

  /** Source offset where the byte at view offset `v` begins. */
  startOf(v: number): number {
    if (this.#unmarked) this.#readMarked();
    let low = 0;
    let high = this.#marks - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#at[middle] ?? 0) <= v) low = middle;
      else high = middle - 1;
    }
    return (this.#source[low] ?? 0) + v - (this.#at[low] ?? 0);
  }

  /** Source offset where the text before view offset `v` ends. */
  endOf(v: number): number {
    if (this.#unmarked) this.#readMarked();
    let low = 0;
    let high = this.#marks - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#at[middle] ?? 0) >= v) high = middle;
      else low = middle + 1;
    }
    return low > 0 && this.#at[low] === v ? (this.#source[low] ?? 0) : this.startOf(v);
  }

  /** Whether `advance` can be used: the text was read without marks. */
  get plain(): boolean {
    return this.#unmarked;
  }

  /** Back to the text's start, for `advance`. */
  rewind(): void {
    this.#viewAt = 0;
    this.#sourceAt = this.#from;
  }

  /** Source offset of view offset `v`, which is not before the last one asked for. Where `plain` only. */
  advance(v: number): number {
    const b = this.#b;
    let source = this.#sourceAt;
    if (this.#json) {
      // In bounds: a view is never longer than its source.
      for (let at = this.#viewAt; at < v; at += 1) source += (b[source] as number) === BACKSLASH ? 2 : 1;
    } else {
      source += v - this.#viewAt;
    }
    this.#viewAt = v;
    this.#sourceAt = source;
    return source;
  }

  #mark(at: number, source: number): void {
    if (this.#marks === this.#at.length) this.#grow();
    this.#at[this.#marks] = at;
    this.#source[this.#marks] = source;
    this.#marks += 1;
  }

  #grow(): void {
    this.#at = grown(this.#at);
    this.#source = grown(this.#source);
  }

  /**
   * Reads source bytes [from, to). With `json`, they are inside a JSON string and escapes are resolved. With `folding`,
   * references are resolved and look-alikes folded; without, the view is the string's exact text (for JSON in it).
   * @returns false where an escape is malformed; true else.
   */
  read(b: Uint8Array, from: number, to: number, json: boolean, folding: boolean): boolean {
    if (this.bytes.length < to - from + 8) this.bytes = new Uint8Array(Math.max((to - from) * 2, 1024));
    this.#b = b;
    this.#from = from;
    this.#to = to;
    this.#json = json;
    this.#folding = folding;
    this.#unmarked = this.#readSimple();
    return this.#unmarked || this.#readMarked();
  }

  /**
   * Reads a text with no escapes but the short ones, which most texts are, without noting where its bytes come from:
   * that is asked only where something was found. @returns false where there is more to read
   */
  #readSimple(): boolean {
    const b = this.#b;
    const to = this.#to;
    const out = this.bytes;
    const plain = this.#folding ? FOLDED : EXACT;
    const last = to - 4;
    let size = 0;
    let at = this.#from;
    while (at < to) {
      while (at <= last) {
        // In bounds: four bytes are left. Most text has no escape among four.
        const a = b[at] as number;
        const c = b[at + 1] as number;
        const d = b[at + 2] as number;
        const e = b[at + 3] as number;
        if (((plain[a] as number) | (plain[c] as number) | (plain[d] as number) | (plain[e] as number)) !== 0)
          break;
        out[size] = a;
        out[size + 1] = c;
        out[size + 2] = d;
        out[size + 3] = e;
        size += 4;
        at += 4;
      }
      if (at >= to) break;
      // In bounds: at < to.
      const byte = b[at] as number;
      if (plain[byte] === 0) {
        out[size] = byte;
        size += 1;
        at += 1;
        continue;
      }
      const simple = byte === BACKSLASH && this.#json ? (SIMPLE_ESCAPE[b[at + 1] ?? 0] ?? 0) : 0;
      if (simple === 0 || (simple === BACKSLASH && this.#folding && b[at + 2] === 0x75)) return false;
      out[size] = simple;
      size += 1;
      at += 2;
    }
    this.size = size;
    return at === to;
  }

  /** Reads the text again, with a mark wherever it and its source go apart. @returns false for a malformed escape */
  #readMarked(): boolean {
    const b = this.#b;
    const from = this.#from;
    const to = this.#to;
    const json = this.#json;
    const folding = this.#folding;
    this.#unmarked = false;
    this.#marks = 0;
    this.#mark(0, from);
    const out = this.bytes;
    const plain = folding ? FOLDED : EXACT;
    let size = 0;
    let at = from;
    while (at < to) {
      // In bounds: at < to.
      const byte = b[at] as number;
      if (plain[byte] === 0) {
        out[size] = byte;
        size += 1;
        at += 1;
        continue;
      }
      const flag = STRING_FLAG[byte] ?? 0;
      if (json && byte === BACKSLASH) {
        // An escape that was escaped itself (source code, JSON cut short) still reads as the character.
        if (folding && b[at + 1] === BACKSLASH && b[at + 2] === 0x75 && hex4(b, at + 1, to) >= 0x20) {
          this.size = size;
          at = this.#put(hex4(b, at + 1, to), at + 7);
          size = this.size;
          continue;
        }
        const simple = SIMPLE_ESCAPE[b[at + 1] ?? 0] ?? 0;
        if (simple !== 0 && at + 1 < to) {
          out[size] = simple;
          size += 1;
          at += 2;
          const marks = this.#marks;
          if (marks === this.#at.length) this.#grow();
          this.#at[marks] = size;
          this.#source[marks] = at;
          this.#marks = marks + 1;
          continue;
        }
      }
      this.size = size;
      const next = this.#special(b, at, to, json, flag);
      if (next < 0) return false;
      size = this.size;
      at = next;
    }
    this.size = size;
    return true;
  }

  /** Reads one escape, reference or character beyond ASCII at `at`. @returns where reading goes on, -1 if malformed. */
  #special(b: Uint8Array, at: number, to: number, json: boolean, flag: number): number {
    if (json && b[at] === BACKSLASH) return this.#unicodeEscape(b, at, to);
    if (flag < STOP && (flag & HAS_ENTITY) !== 0) {
      const found = b[at] === 0x25 ? percent(b, at, to) : reference(b, at, to);
      if (found.to > 0) return this.#put(found.code, found.to);
    } else if (flag < STOP && (flag & HAS_FOLD) !== 0) {
      const length = (b[at] ?? 0) < 0xe0 ? 2 : (b[at] ?? 0) < 0xf0 ? 3 : 4;
      const next = Math.min(at + length, to);
      const folded = fold(codePointAt(b, at, length));
      if (folded === SAME) {
        for (let i = at; i < next; i += 1) this.#push(b[i] ?? 0);
        return next;
      }
      if (folded !== NOTHING) this.#push(folded);
      this.#mark(this.size, next);
      return next;
    }
    this.#push(b[at] ?? 0);
    return at + 1;
  }

  #push(byte: number): void {
    this.bytes[this.size] = byte;
    this.size += 1;
  }

  /** Writes a code point that the source bytes up to `to` stand for. */
  #put(codePoint: number, to: number): number {
    const folded = this.#folding ? fold(codePoint) : SAME;
    if (folded >= 0) this.#push(folded);
    else if (folded === SAME) this.#pushCodePoint(codePoint);
    this.#mark(this.size, to);
    return to;
  }

  #pushCodePoint(c: number): void {
    if (c < 0x80) {
      this.#push(c);
    } else if (c < 0x800) {
      this.#push(0xc0 | (c >> 6));
      this.#push(0x80 | (c & 63));
    } else if (c < 0x10000) {
      this.#push(0xe0 | (c >> 12));
      this.#push(0x80 | ((c >> 6) & 63));
      this.#push(0x80 | (c & 63));
    } else {
      this.#push(0xf0 | (c >> 18));
      this.#push(0x80 | ((c >> 12) & 63));
      this.#push(0x80 | ((c >> 6) & 63));
      this.#push(0x80 | (c & 63));
    }
  }

  /** \uXXXX, pairs of surrogates as one character. */
  #unicodeEscape(b: Uint8Array, at: number, to: number): number {
    const unit = hex4(b, at, to);
    if (unit < 0) return -1;
    if (unit >= 0xd800 && unit < 0xdc00) {
      const low = hex4(b, at + 6, to);
      if (low >= 0xdc00 && low < 0xe000) {
        return this.#put(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), at + 12);
      }
      return this.#put(0xfffd, at + 6);
    }
    return this.#put(unit >= 0xdc00 && unit < 0xe000 ? 0xfffd : unit, at + 6);
  }
}

/** Bytes that are copied as they are (0), with and without folding. */
const EXACT = new Uint8Array(256);
EXACT[BACKSLASH] = 1;
const FOLDED = new Uint8Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  const flag = STRING_FLAG[byte] ?? 0;
  if (byte === BACKSLASH || (flag < STOP && (flag & (HAS_FOLD | HAS_ENTITY)) !== 0)) FOLDED[byte] = 1;
}

function grown(table: Int32Array): Int32Array {
  const bigger = new Int32Array(table.length * 4);
  bigger.set(table);
  return bigger;
}
