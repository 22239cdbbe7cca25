import type { HiddenKind } from './types.ts';

/** Characters that hide in one JSON text: where each stands, and its kind. Ends are exclusive. */
export interface HiddenSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: HiddenKind;
}

const BACKSLASH = 0x5c;
const DELETE = 0x7f;

/**
 * Finds the characters that hide, whether they stand as themselves or as escapes. One pass over the bytes, and nothing
 * is allocated where there are none: most messages.
 *
 * Control characters are C0 but tab, line feed and carriage return, DEL and C1; bidi those that override or isolate
 * (UAX #9 §2.1 to §2.4), not the marks that right-to-left texts need; tags are U+E0000 to U+E007F.
 *
 * @param raw a JSON text that has been scanned: UTF-8, strings closed, surrogates in pairs
 */
export function hiddenSpans(raw: Buffer): HiddenSpan[] {
  let found: HiddenSpan[] | undefined;
  const add = (start: number, end: number, kind: HiddenKind): void => {
    found ??= [];
    found.push({ start, end, kind });
  };
  for (let at = 0; at < raw.length; at += 1) {
    // In bounds: at < raw.length.
    const byte = raw[at] as number;
    if (byte < DELETE && byte !== BACKSLASH) continue;
    if (byte === BACKSLASH) {
      const length = escapeLength(raw, at);
      const kind = escapedKind(raw, at, length);
      if (kind !== undefined) add(at, at + length, kind);
      at += length - 1;
    } else if (byte === DELETE) add(at, at + 1, 'control');
    else if (byte === 0xc2 && (raw[at + 1] ?? 0xff) < 0xa0) add(at, at + 2, 'control');
    else if (byte === 0xe2) {
      const [second, third = 0] = [raw[at + 1], raw[at + 2]];
      if (second === 0x80 && third >= 0xaa && third <= 0xae) add(at, at + 3, 'bidi');
      if (second === 0x81 && third >= 0xa6 && third <= 0xa9) add(at, at + 3, 'bidi');
    } else if (byte === 0xf3 && raw[at + 1] === 0xa0 && (raw[at + 2] === 0x80 || raw[at + 2] === 0x81))
      add(at, at + 4, 'tag');
  }
  return found ?? NONE;
}

const NONE: HiddenSpan[] = [];

/** Bytes of the escape at a backslash: a pair of surrogates is one. */
function escapeLength(raw: Buffer, at: number): number {
  if (raw[at + 1] !== 0x75) return 2;
  const unit = hexAt(raw, at + 2);
  return unit >= 0xd800 && unit <= 0xdbff ? 12 : 6;
}

function escapedKind(raw: Buffer, at: number, length: number): HiddenKind | undefined {
  const letter = raw[at + 1];
  if (letter === 0x62 || letter === 0x66) return 'control';
  if (length === 2) return undefined;
  const unit = hexAt(raw, at + 2);
  if (length === 12) {
    const low = hexAt(raw, at + 8);
    return unit === 0xdb40 && low >= 0xdc00 && low <= 0xdc7f ? 'tag' : undefined;
  }
  if (unit < 0x20) return unit === 0x09 || unit === 0x0a || unit === 0x0d ? undefined : 'control';
  if (unit >= 0x7f && unit <= 0x9f) return 'control';
  return (unit >= 0x202a && unit <= 0x202e) || (unit >= 0x2066 && unit <= 0x2069) ? 'bidi' : undefined;
}

function hexAt(raw: Buffer, at: number): number {
  return Number.parseInt(raw.toString('latin1', at, at + 4), 16);
}
