import { ALNUM } from '../bytes.ts';

/** A key's or column's name without case and separators: `customerName`, `Customer Name`, `customer_name` are one. */
export function plainName(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
}

/** The same from bytes of a text; '' where the name is too long to be one. */
export function plainNameOf(b: Uint8Array, from: number, to: number): string {
  if (to - from > 128) return '';
  let ascii = true;
  let out = '';
  for (let at = from; at < to; at += 1) {
    const byte = b[at] ?? 0;
    if (byte >= 0x80) ascii = false;
    else if (ALNUM[byte] === 1) out += String.fromCharCode(byte | 0x20);
    else if (ALNUM[byte] === 2) out += String.fromCharCode(byte);
  }
  return ascii ? out : plainName(new TextDecoder().decode(b.subarray(from, to)));
}
