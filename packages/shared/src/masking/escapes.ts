import { BACKSLASH, HEX_VALUE } from './bytes.ts';

/** What the second byte of a short JSON escape stands for; 0 for others. */
export const SIMPLE_ESCAPE = new Uint8Array(256);
for (const [sign, code] of [
  ['"', 0x22],
  ['\\', 0x5c],
  ['/', 0x2f],
  ['b', 8],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
] as const) {
  SIMPLE_ESCAPE[sign.charCodeAt(0)] = code;
}

/** The code unit of \uXXXX at `at`, or -1. */
export function hex4(b: Uint8Array, at: number, to: number): number {
  if (at + 6 > to || b[at] !== BACKSLASH || b[at + 1] !== 0x75) return -1;
  let value = 0;
  for (let i = at + 2; i < at + 6; i += 1) {
    const digit = HEX_VALUE[b[i] ?? 0] ?? 255;
    if (digit === 255) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** The code point of a UTF-8 sequence of `length` bytes. */
export function codePointAt(b: Uint8Array, at: number, length: number): number {
  const lead = b[at] ?? 0;
  let code = length === 2 ? lead & 31 : length === 3 ? lead & 15 : lead & 7;
  for (let i = 1; i < length; i += 1) code = (code << 6) | ((b[at + i] ?? 0) & 63);
  return Math.min(code, 0x10ffff);
}

const none = { code: 0, to: 0 };

/** %XX of an ASCII character that can be part of a value or stand between its parts. */
export function percent(b: Uint8Array, at: number, to: number): { code: number; to: number } {
  if (at + 2 >= to) return none;
  const high = HEX_VALUE[b[at + 1] ?? 0] ?? 255;
  const low = HEX_VALUE[b[at + 2] ?? 0] ?? 255;
  if (high === 255 || low === 255) return none;
  const code = high * 16 + low;
  return code >= 0x20 && code < 0x7f ? { code, to: at + 3 } : none;
}

const NAMED: Readonly<Record<string, number>> = {
  nbsp: 0xa0,
  commat: 0x40,
  period: 0x2e,
  shy: 0xad,
  zwnj: 0x200c,
  zwj: 0x200d,
  hyphen: 0x2010,
  dash: 0x2010,
  ensp: 0x20,
  emsp: 0x20,
  thinsp: 0x20,
  quot: 0x22,
};

/** &#52; &#x34; &nbsp; */
export function reference(b: Uint8Array, at: number, to: number): { code: number; to: number } {
  let end = at + 1;
  while (end < to && end - at < 10 && b[end] !== 0x3b) end += 1;
  if (b[end] !== 0x3b || end >= to) return none;
  let name = '';
  for (let i = at + 1; i < end; i += 1) name += String.fromCharCode(b[i] ?? 0);
  const decimal = /^#(\d{1,6})$/.exec(name)?.[1];
  const hexadecimal = /^#[xX]([0-9a-fA-F]{1,5})$/.exec(name)?.[1];
  const code =
    decimal !== undefined
      ? Number(decimal)
      : hexadecimal !== undefined
        ? Number.parseInt(hexadecimal, 16)
        : (NAMED[name] ?? 0);
  return code >= 0x20 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? { code, to: end + 1 } : none;
}
