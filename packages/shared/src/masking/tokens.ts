import { ALNUM, BASE64_VALUE, HEX_VALUE, HYPHEN, isDigit, ORDINARY } from './bytes.ts';
import type { Cluster } from './cluster.ts';

/** End of the hexadecimal run that begins at `from`; no farther than `to`. */
export function hexRun(b: Uint8Array, from: number, to: number): number {
  const table = HEX_VALUE;
  let at = from;
  // In bounds: at < to.
  while (at < to && table[b[at] as number] !== 255) at += 1;
  return at;
}

/** Whether a UUID with at least one letter stands at `from`: its groups are no numbers. */
export function isUuid(b: Uint8Array, from: number, to: number): boolean {
  if (from + 36 > to || b[from + 13] !== HYPHEN || b[from + 18] !== HYPHEN || b[from + 23] !== HYPHEN)
    return false;
  const table = HEX_VALUE;
  // Without branches, for hexadecimal digits can't be predicted: 255 sets a high bit, a letter sets 0x40.
  let values = 0;
  let bytes = 0;
  for (let i = 0; i < 8; i += 1) {
    const a = b[from + i] ?? 0;
    const c = b[from + 24 + i] ?? 0;
    values |= (table[a] ?? 255) | (table[c] ?? 255);
    bytes |= a | c;
  }
  for (let i = 0; i < 4; i += 1) {
    const a = b[from + 9 + i] ?? 0;
    const c = b[from + 14 + i] ?? 0;
    const d = b[from + 19 + i] ?? 0;
    const e = b[from + 32 + i] ?? 0;
    values |= (table[a] ?? 255) | (table[c] ?? 255) | (table[d] ?? 255) | (table[e] ?? 255);
    bytes |= a | c | d | e;
  }
  if (values > 15 || (bytes & 0x40) === 0) return false;
  return from + 36 >= to || (ALNUM[b[from + 36] ?? 0] ?? 0) === 0;
}

/** Whether a hexadecimal run can be text: its first two bytes are ASCII or begin gzip. Most hashes end here. */
export function hexMayBeText(b: Uint8Array, from: number): boolean {
  const first = ((HEX_VALUE[b[from] ?? 0] ?? 0) << 4) | (HEX_VALUE[b[from + 1] ?? 0] ?? 0);
  const second = ((HEX_VALUE[b[from + 2] ?? 0] ?? 0) << 4) | (HEX_VALUE[b[from + 3] ?? 0] ?? 0);
  return mayBegin(first, second);
}

/** The same for base64. */
export function base64MayBeText(b: Uint8Array, from: number): boolean {
  const bits =
    ((BASE64_VALUE[b[from] ?? 0] ?? 0) << 12) |
    ((BASE64_VALUE[b[from + 1] ?? 0] ?? 0) << 6) |
    (BASE64_VALUE[b[from + 2] ?? 0] ?? 0);
  return mayBegin(bits >> 10, (bits >> 2) & 255);
}

function mayBegin(first: number, second: number): boolean {
  if (first === 0x1f) return second === 0x8b;
  return isPlain(first)
    ? isPlain(second) || second >= 0xc2 || first === 0x78
    : first >= 0xc2 && second >= 0x80 && second < 0xc0;
}

function isPlain(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** End of the time of day that follows a date at `at`: T12:34, 12:34:56.789Z, +02:00. `at` itself where there is none. */
export function timeEnd(b: Uint8Array, at: number, to: number): number {
  const mark = b[at] ?? 0;
  if (
    at + 6 > to ||
    (mark !== 0x54 && mark !== 0x20 && mark !== 0x74) ||
    b[at + 3] !== 0x3a ||
    !pair(b, at + 1) ||
    !pair(b, at + 4)
  )
    return at;
  let end = at + 6;
  if (b[end] === 0x3a && pair(b, end + 1) && end + 3 <= to) end += 3;
  if ((b[end] === 0x2e || b[end] === 0x2c) && end < to) {
    let fraction = end + 1;
    while (fraction < to && fraction - end <= 9 && isDigit(b[fraction] ?? 0)) fraction += 1;
    if (fraction > end + 1) end = fraction;
  }
  if ((b[end] === 0x5a || b[end] === 0x7a) && end < to) return end + 1;
  if (
    (b[end] === 0x2b || b[end] === 0x2d) &&
    pair(b, end + 1) &&
    b[end + 3] === 0x3a &&
    pair(b, end + 4) &&
    end + 6 <= to
  )
    end += 6;
  return isDigit(b[end] ?? 0) && end < to ? at : end;
}

function pair(b: Uint8Array, at: number): boolean {
  return isDigit(b[at] ?? 0) && isDigit(b[at + 1] ?? 0);
}

/** The base64 or base64url run about [from, end), padding included; `lineTo` is the end of its first line. */
export function wideRun(
  b: Uint8Array,
  floor: number,
  from: number,
  end: number,
  to: number,
): { from: number; to: number; lineTo: number } {
  const table = BASE64_VALUE;
  let start = from;
  while (start > floor && table[b[start - 1] ?? 0] !== 255) start -= 1;
  let stop = end;
  let line = start;
  let lineTo = 0;
  for (;;) {
    while (stop < to && table[b[stop] ?? 0] !== 255) stop += 1;
    // Lines of 60 to 76 characters (PEM, MIME) go on in the next line.
    const next = b[stop] === 0x0d ? stop + 2 : stop + 1;
    const broken =
      stop < to && stop - line >= 60 && (stop - line) % 4 === 0 && (b[stop] === 0x0a || b[stop] === 0x0d);
    if (!broken || next >= to || BASE64_VALUE[b[next] ?? 0] === 255) break;
    if (lineTo === 0) lineTo = stop;
    line = next;
    stop = next;
  }
  let padding = 0;
  while (stop < to && padding < 2 && b[stop] === 0x3d) {
    stop += 1;
    padding += 1;
  }
  return { from: start, to: stop, lineTo: lineTo === 0 ? stop : lineTo };
}

/** Whether all digits of a run stand together: a number glued to a word, not a hash. */
export function digitsTogether(b: Uint8Array, from: number, end: number, digits: number): boolean {
  let first = from;
  while (first < end && !isDigit(b[first] ?? 0)) first += 1;
  let last = first;
  while (last < end && isDigit(b[last] ?? 0)) last += 1;
  return last - first === digits;
}

/** Digits of groups [from, to) as a hash, separators left out. */
export function digitsHash(cluster: Cluster, from: number, to: number): number {
  let hash = 0x811c9dc5;
  const end = cluster.first[to] ?? 0;
  for (let i = cluster.first[from] ?? 0; i < end; i += 1)
    hash = Math.imul(hash ^ cluster.digit(i), 0x01000193);
  return hash;
}

/** A run of letters and digits as a hash, without case. */
export function runHash(b: Uint8Array, from: number, to: number): number {
  let hash = 0x2b992ddf;
  for (let i = from; i < to; i += 1) hash = Math.imul(hash ^ ((b[i] ?? 0) | 0x20), 0x01000193);
  return hash;
}

/** Whether four bytes are ordinary. In bounds: the caller leaves four. */
export function ordinaryFour(table: Uint8Array, b: Uint8Array, at: number): boolean {
  const kinds =
    (table[b[at] as number] as number) |
    (table[b[at + 1] as number] as number) |
    (table[b[at + 2] as number] as number) |
    (table[b[at + 3] as number] as number);
  return kinds === ORDINARY;
}
