import { isUtf8 } from 'node:buffer';
import { ALNUM, isDigit } from './bytes.ts';
import type { Edits } from './edits.ts';
import { Refused } from './errors.ts';
import { insideMask, isMasked } from './masked-form.ts';
import type { Run } from './run.ts';

/** Masks what analysers found in a text, or hands the text over to them. @throws Refused where it was not analysed */
export function maskAnalysed(run: Run, b: Uint8Array, from: number, to: number, edits: Edits): void {
  const { analysed, collect, plan } = run;
  if (collect === null && analysed === 'elsewhere') return;
  if (!hasLetter(b, from, to)) return;
  const text = textOf(b, from, to);
  if (collect !== null) {
    collect(text);
    return;
  }
  // Cast: `elsewhere` has returned above.
  const spans = (analysed as Exclude<typeof analysed, 'elsewhere'>)?.get(text);
  if (spans === undefined) throw new Refused('analyser_failed', 'a text of it was not analysed');
  const byteAt = offsets(text, to - from);
  for (const { analyser, entity, start, end, score } of spans) {
    const reporter = plan.analysers.get(analyser)?.get(entity);
    const [first, last] = [from + byteAt(start), from + byteAt(end)];
    if (reporter === undefined || first >= last) continue;
    if (isMasked(b, first, last) || insideMask(b, from, first, last)) continue;
    run.hit({ ...reporter, confidence: score, fixed: null }, b, first, last, edits, from);
  }
}

function hasLetter(b: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = b[at] ?? 0;
    if (byte >= 0x80 || (ALNUM[byte] === 1 && !isDigit(byte))) return true;
  }
  return false;
}

/** What was unpacked need not be UTF-8: it is then read byte by byte, the same in both passes. */
function textOf(b: Uint8Array, from: number, to: number): string {
  const bytes = Buffer.from(b.buffer, b.byteOffset + from, to - from);
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

/** From UTF-16 units of a text to bytes of what it was read from. */
function offsets(text: string, size: number): (unit: number) => number {
  // One unit for each byte: ASCII, or read byte by byte.
  if (text.length === size) return (unit) => unit;
  return (unit) => Buffer.byteLength(text.slice(0, unit), 'utf8');
}
