import { BACKSLASH, QUOTE } from './bytes.ts';
import type { View } from './view.ts';

/** Cuts in one text: spans and what takes their place. Kept in parallel arrays, for there may be a hundred thousand. */
export class Edits {
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly bytes: Uint8Array[] = [];
  /** What each cut was counted as (Run.count). */
  readonly keys: number[] = [];
  #ordered = true;

  get count(): number {
    return this.from.length;
  }

  add(from: number, to: number, bytes: Uint8Array, key = 0): void {
    const last = this.from.length - 1;
    if (last >= 0 && from < (this.to[last] ?? 0)) this.#ordered = false;
    this.from.push(from);
    this.to.push(to);
    this.bytes.push(bytes);
    this.keys.push(key);
  }

  truncate(count: number): void {
    this.from.length = count;
    this.to.length = count;
    this.bytes.length = count;
    this.keys.length = count;
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
    inner.settle();
    for (let i = 0; i < inner.count; i += 1) {
      const bytes = inner.bytes[i] ?? EMPTY;
      this.add(
        view.startOf(inner.from[i] ?? 0),
        view.endOf(inner.to[i] ?? 0),
        inJson ? escaped(bytes) : bytes,
      );
    }
    inner.truncate(0);
  }

  /** Puts edits in order; overlapping ones become one that covers both, with the first one's bytes. */
  settle(): void {
    if (this.#ordered) return;
    const order = this.from
      .map((_, i) => i)
      .sort((a, b) => (this.from[a] ?? 0) - (this.from[b] ?? 0) || a - b);
    const from: number[] = [];
    const to: number[] = [];
    const bytes: Uint8Array[] = [];
    const keys: number[] = [];
    for (const i of order) {
      const last = from.length - 1;
      if (last >= 0 && (this.from[i] ?? 0) < (to[last] ?? 0)) {
        to[last] = Math.max(to[last] ?? 0, this.to[i] ?? 0);
        continue;
      }
      from.push(this.from[i] ?? 0);
      to.push(this.to[i] ?? 0);
      bytes.push(this.bytes[i] ?? EMPTY);
      keys.push(this.keys[i] ?? 0);
    }
    this.truncate(0);
    for (let i = 0; i < from.length; i += 1) {
      this.from.push(from[i] ?? 0);
      this.to.push(to[i] ?? 0);
      this.bytes.push(bytes[i] ?? EMPTY);
      this.keys.push(keys[i] ?? 0);
    }
    this.#ordered = true;
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

/** Short spans byte by byte: a view and a native copy cost more than a hundred bytes. */
function copy(out: Uint8Array, o: number, source: Uint8Array, from: number, to: number): number {
  const size = to - from;
  if (size > 160) {
    out.set(source.subarray(from, to), o);
  } else {
    for (let i = 0; i < size; i += 1) out[o + i] = source[from + i] ?? 0;
  }
  return o + size;
}

/** Bytes as they stand in a JSON string. The same object where nothing needs an escape. */
export function escaped(bytes: Uint8Array): Uint8Array {
  let extra = 0;
  for (const byte of bytes) {
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
