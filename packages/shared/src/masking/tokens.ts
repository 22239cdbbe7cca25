import { ALNUM, BASE64_VALUE, HEX_VALUE, HYPHEN } from './bytes.ts';

/** End of the hexadecimal run that begins at `from`; no farther than `to`. */
export function hexRun(b: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && HEX_VALUE[b[at] ?? 0] !== 255) at += 1;
  return at;
}

const UUID_DASHES = new Set([8, 13, 18, 23]);

/** Whether a UUID with at least one letter stands at `from`: its groups are no numbers. */
export function isUuid(b: Uint8Array, from: number, to: number): boolean {
  if (from + 36 > to) return false;
  let letters = 0;
  for (let i = 0; i < 36; i += 1) {
    const byte = b[from + i] ?? 0;
    if (UUID_DASHES.has(i)) {
      if (byte !== HYPHEN) return false;
    } else if (HEX_VALUE[byte] === 255) {
      return false;
    } else if (byte > 0x39) {
      letters += 1;
    }
  }
  return letters > 0 && (from + 36 >= to || (ALNUM[b[from + 36] ?? 0] ?? 0) === 0);
}

/** The base64 or base64url run about [from, end), padding included. */
export function wideRun(b: Uint8Array, floor: number, from: number, end: number, to: number): { from: number; to: number } {
  let start = from;
  while (start > floor && BASE64_VALUE[b[start - 1] ?? 0] !== 255) start -= 1;
  let stop = end;
  while (stop < to && BASE64_VALUE[b[stop] ?? 0] !== 255) stop += 1;
  let padding = 0;
  while (stop < to && padding < 2 && b[stop] === 0x3d) {
    stop += 1;
    padding += 1;
  }
  return { from: start, to: stop };
}
