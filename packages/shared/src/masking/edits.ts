import { BACKSLASH, QUOTE } from './bytes.ts';
import type { View } from './view.ts';

/** Cuts in one text: spans and what takes their place. Kept in parallel arrays, for there may be a hundred thousand. */
export class Edits {
  from: Int32Array = new Int32Array(16);
  to: Int32Array = new Int32Array(16);
  /** What each cut was counted as (Run.count). */
  keys: Float64Array = new Float64Array(16);
  /** Longer than `count` after a truncation: giving the room back and taking it again costs more than the cuts do. */
  readonly bytes: Uint8Array[] = [];
  #count = 0;
  #ordered = true;

  get count(): number {
    return this.#count;
  }

  add(from: number, to: number, bytes: Uint8Array, key = 0): void {
    const i = this.#count;
    if (i > 0 && from < (this.to[i - 1] ?? 0)) this.#ordered = false;
    if (i === this.from.length) this.#grow();
    this.from[i] = from;
    this.to[i] = to;
    this.keys[i] = key;
    this.bytes[i] = bytes;
    this.#count = i + 1;
  }

  #grow(): void {
    const { from, to, keys } = this;
    this.from = new Int32Array(from.length * 4);
    this.to = new Int32Array(from.length * 4);
    this.keys = new Float64Array(from.length * 4);
    this.from.set(from);
    this.to.set(to);
    this.keys.set(keys);
  }

  truncate(count: number): void {
    this.#count = count;
    if (count === 0) this.#ordered = true;
  }

  /** Replaces all edits that begin at or after `from` by one: a member, a block or an encoded run goes as a whole. */
  collapse(from: number, to: number, bytes: Uint8Array): void {
    if (!this.#ordered) this.settle();
    let keep = this.count;
    while (keep > 0 && (this.from[keep - 1] ?? 0) >= from) keep -= 1;
    this.truncate(keep);
    this.add(from, to, bytes);
  }

  /** Whether any edit touches [from, to). Looks from the end back: callers ask about recent text. */
  touches(from: number, to: number): boolean {
    for (let i = this.count - 1; i >= 0; i -= 1) {
      if ((this.from[i] ?? 0) < to && (this.to[i] ?? 0) > from) return true;
      if (this.#ordered && (this.to[i] ?? 0) <= from) return false;
    }
    return false;
  }

  /** Takes over the edits of a view, cut at the source's offsets; `inJson` where the source is a JSON string. */
  takeFrom(inner: Edits, view: View, inJson: boolean): void {
    if (inner.count === 0) return;
    inner.settle();
    const { plain } = view;
    if (plain) view.rewind();
    for (let i = 0; i < inner.count; i += 1) {
      const from = inner.from[i] ?? 0;
      const to = inner.to[i] ?? 0;
      const bytes = inner.bytes[i] ?? EMPTY;
      const start = plain ? view.advance(from) : view.startOf(from);
      const end = plain ? view.advance(to) : view.endOf(to);
      this.add(start, end, inJson ? escaped(bytes) : bytes, inner.keys[i]);
    }
    inner.truncate(0);
  }

  /** Puts edits in order; overlapping ones become one that covers both, with the first one's bytes. */
  settle(): void {
    if (this.#ordered) return;
    const all = Array.from({ length: this.#count }, (_, i) => ({
      from: this.from[i] ?? 0,
      to: this.to[i] ?? 0,
      key: this.keys[i] ?? 0,
      bytes: this.bytes[i] ?? EMPTY,
      order: i,
    }));
    all.sort((a, b) => a.from - b.from || a.order - b.order);
    const merged: typeof all = [];
    for (const edit of all) {
      const last = merged.at(-1);
      if (last !== undefined && edit.from < last.to) last.to = Math.max(last.to, edit.to);
      else merged.push(edit);
    }
    this.truncate(0);
    for (const edit of merged) this.add(edit.from, edit.to, edit.bytes, edit.key);
  }

  /** The text [begin, end) of `source` with its edits made. */
  apply(source: Uint8Array, begin: number, end: number): Uint8Array {
    this.settle();
    let size = end - begin;
    for (let i = 0; i < this.count; i += 1)
      size += (this.bytes[i]?.length ?? 0) - ((this.to[i] ?? 0) - (this.from[i] ?? 0));
    const out = new Uint8Array(size);
    let at = begin;
    let o = 0;
    for (let i = 0; i < this.count; i += 1) {
      o = copy(out, o, source, at, this.from[i] ?? 0);
      const bytes = this.bytes[i] ?? EMPTY;
      o = copy(out, o, bytes, 0, bytes.length);
      at = this.to[i] ?? 0;
    }
    copy(out, o, source, at, end);
    return out;
  }
}

export const EMPTY = new Uint8Array(0);

/** Short spans byte by byte: a view and a native copy cost more than some dozen bytes. */
function copy(out: Uint8Array, o: number, source: Uint8Array, from: number, to: number): number {
  const size = to - from;
  if (size > 64) {
    out.set(source.subarray(from, to), o);
  } else {
    // In bounds: the spans were cut from the source.
    let i = 0;
    for (; i + 4 <= size; i += 4) {
      out[o + i] = source[from + i] as number;
      out[o + i + 1] = source[from + i + 1] as number;
      out[o + i + 2] = source[from + i + 2] as number;
      out[o + i + 3] = source[from + i + 3] as number;
    }
    for (; i < size; i += 1) out[o + i] = source[from + i] as number;
  }
  return o + size;
}

/** Bytes as they stand in a JSON string. The same object where nothing needs an escape. */
export function escaped(bytes: Uint8Array): Uint8Array {
  let extra = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE || byte === BACKSLASH) extra += 1;
    else if (byte < 0x20) extra += 5;
  }
  if (extra === 0) return bytes;
  const out = new Uint8Array(bytes.length + extra);
  let o = 0;
  for (const byte of bytes) {
    if (byte === QUOTE || byte === BACKSLASH) {
      out[o++] = BACKSLASH;
      out[o++] = byte;
    } else if (byte < 0x20) {
      for (const sign of `\\u00${byte.toString(16).padStart(2, '0')}`) out[o++] = sign.charCodeAt(0);
    } else {
      out[o++] = byte;
    }
  }
  return out;
}
