import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  HEX_VALUE,
  isDigit,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from './bytes.ts';
import { DOCUMENT_MAX_DEPTH } from './limits.ts';

/**
 * A strict check of JSON's grammar (RFC 8259) over bytes. Everything after it may trust the structure; what fails it
 * is refused as a message and treated as plain text inside one.
 */

/** Ends of documents or reasons why there is none. */
export type Syntax = 'valid' | 'malformed' | 'too_deep';

const IN_ARRAY = 0;
const IN_OBJECT = 1;
const stack = new Uint8Array(DOCUMENT_MAX_DEPTH + 1);

/** Checks bytes [from, to) for one document, or with `many` for one or more with white space between (JSON lines). */
export function checkSyntax(b: Uint8Array, from: number, to: number, many: boolean): Syntax {
  let depth = 0;
  let at = skipSpace(b, from, to);
  if (at >= to) return 'malformed';
  for (;;) {
    const byte = b[at] ?? 0;
    let opened = false;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth >= DOCUMENT_MAX_DEPTH) return 'too_deep';
      depth += 1;
      stack[depth] = byte === OPEN_BRACE ? IN_OBJECT : IN_ARRAY;
      at = skipSpace(b, at + 1, to);
      const close = byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
      if (b[at] === close && at < to) {
        depth -= 1;
        at += 1;
      } else {
        opened = true;
        if (byte === OPEN_BRACE) at = memberName(b, at, to);
        if (at < 0) return 'malformed';
      }
    } else {
      at = scalarEnd(b, at, to);
      if (at < 0) return 'malformed';
    }
    if (opened) continue;
    at = afterValue(b, at, to, depth);
    if (at < 0) return 'malformed';
    depth = restDepth;
    if (depth > 0) continue;
    if (at >= to) return 'valid';
    if (!many) return 'malformed';
  }
}

/** Depth after `afterValue` closed what the value ended. */
let restDepth = 0;

/** After a value: closes, then a comma and the next member's name or item. @returns the next value, the end, or -1. */
function afterValue(b: Uint8Array, start: number, to: number, startDepth: number): number {
  let at = skipSpace(b, start, to);
  let depth = startDepth;
  while (depth > 0) {
    const byte = at < to ? (b[at] ?? 0) : 0;
    if (byte === COMMA) {
      at = skipSpace(b, at + 1, to);
      if (stack[depth] === IN_OBJECT) at = memberName(b, at, to);
      restDepth = depth;
      return at >= to ? -1 : at;
    }
    if (byte !== (stack[depth] === IN_OBJECT ? CLOSE_BRACE : CLOSE_BRACKET)) return -1;
    depth -= 1;
    at = skipSpace(b, at + 1, to);
  }
  restDepth = 0;
  return at;
}

/** A name and its colon. @returns where the value begins, or -1. */
function memberName(b: Uint8Array, start: number, to: number): number {
  if (start >= to || b[start] !== QUOTE) return -1;
  let at = stringEnd(b, start, to);
  if (at < 0) return -1;
  at = skipSpace(b, at, to);
  if (at >= to || b[at] !== 0x3a) return -1;
  at = skipSpace(b, at + 1, to);
  return at >= to ? -1 : at;
}

/** End of the scalar at `at`, or -1. */
export function scalarEnd(b: Uint8Array, at: number, to: number): number {
  const byte = at < to ? (b[at] ?? 0) : 0;
  if (byte === QUOTE) return stringEnd(b, at, to);
  if (byte === 0x2d || isDigit(byte)) return numberEnd(b, at, to);
  if (byte === 0x74) return word(b, at, to, 'true');
  if (byte === 0x66) return word(b, at, to, 'false');
  return byte === 0x6e ? word(b, at, to, 'null') : -1;
}

function word(b: Uint8Array, at: number, to: number, text: string): number {
  if (at + text.length > to) return -1;
  for (let i = 1; i < text.length; i += 1) if (b[at + i] !== text.charCodeAt(i)) return -1;
  return at + text.length;
}

/** What a byte is inside a string: 0 itself, 1 the end, 2 an escape, 3 not allowed. */
const IN_STRING = new Uint8Array(256);
for (let byte = 0; byte < 0x20; byte += 1) IN_STRING[byte] = 3;
IN_STRING[QUOTE] = 1;
IN_STRING[BACKSLASH] = 2;

/** @returns the offset after the closing quote, or -1. */
export function stringEnd(b: Uint8Array, start: number, to: number): number {
  const table = IN_STRING;
  let at = start + 1;
  while (at < to) {
    // In bounds: at < to.
    const kind = table[b[at] as number] as number;
    if (kind === 0) {
      at += 1;
    } else if (kind === 1) {
      return at + 1;
    } else if (kind === 2) {
      const size = escapeSize(b, at, to);
      if (size === 0) return -1;
      at += size;
    } else {
      return -1;
    }
  }
  return -1;
}

/** Bytes of the escape at `at`; 0 where it is none. */
export function escapeSize(b: Uint8Array, at: number, to: number): number {
  const sign = at + 1 < to ? (b[at + 1] ?? 0) : 0;
  if (sign === 0x75) {
    if (at + 6 > to) return 0;
    for (let i = at + 2; i < at + 6; i += 1) if (HEX_VALUE[b[i] ?? 0] === 255) return 0;
    return 6;
  }
  const simple =
    sign === QUOTE ||
    sign === BACKSLASH ||
    sign === 0x2f ||
    sign === 0x62 ||
    sign === 0x66 ||
    sign === 0x6e ||
    sign === 0x72 ||
    sign === 0x74;
  return simple ? 2 : 0;
}

/** @returns the offset after the number, or -1 where its form is none of JSON's. */
export function numberEnd(b: Uint8Array, start: number, to: number): number {
  let at = start;
  if (b[at] === 0x2d) at += 1;
  if (b[at] === 0x30 && at < to) at += 1;
  else {
    const first = at;
    at = digitsEnd(b, at, to);
    if (at === first) return -1;
  }
  if (at < to && b[at] === 0x2e) {
    const first = at + 1;
    at = digitsEnd(b, first, to);
    if (at === first) return -1;
  }
  if (at < to && ((b[at] ?? 0) | 0x20) === 0x65) {
    at += 1;
    if (b[at] === 0x2b || b[at] === 0x2d) at += 1;
    const first = at;
    at = digitsEnd(b, first, to);
    if (at === first) return -1;
  }
  return at;
}

function digitsEnd(b: Uint8Array, start: number, to: number): number {
  let at = start;
  while (at < to && isDigit(b[at] ?? 0)) at += 1;
  return at;
}

/** The next byte that is no white space. */
export function skipSpace(b: Uint8Array, start: number, to: number): number {
  let at = start;
  while (at < to) {
    const byte = b[at] ?? 0;
    if (byte !== SPACE && byte !== NEWLINE && byte !== 0x0d && byte !== 0x09) break;
    at += 1;
  }
  return at;
}

/** End of the value at `start` in a document whose syntax was checked. */
export function valueEnd(b: Uint8Array, start: number, to: number): number {
  let depth = 0;
  let at = start;
  while (at < to) {
    const byte = b[at] ?? 0;
    if (byte === QUOTE) {
      at = stringEnd(b, at, to);
      if (depth === 0 || at < 0) return at;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth <= 1) return depth === 0 ? at : at + 1;
      depth -= 1;
    } else if (depth === 0 && (byte === COMMA || byte <= SPACE)) {
      return at;
    }
    at += 1;
  }
  return at;
}
