import type { Cluster } from '../cluster.ts';
import { type DigitsDetector, sizes } from '../detector.ts';
import { CARD, HARMLESS } from '../words.ts';

/**
 * Payment card numbers (ISO/IEC 7812): 12–19 digits, Luhn, the ranges that networks issue from, plain or in groups.
 * Without a word that says card, only ranges and lengths that are really issued count; with one, Luhn is enough.
 */
export const pan: DigitsDetector = {
  name: 'pan',
  entity: 'PAN',
  confidence: 0.99,
  on: 'digits',
  sizes: sizes(1, 19),
  context: 0,
  detect(c, g) {
    const size = c.size(g);
    if (size >= 12) return single(c, g, size) ? 1 : 0;
    if (c.total - (c.first[g] ?? 0) < 12) return 0;
    return grouped(c, g);
  },
};

function single(c: Cluster, g: number, size: number): boolean {
  // A fraction or an amount is no card: 0.4111111111111111, 4111111111111111.50.
  if (c.continuesNumber(g) && c.gap[g] === 0x2e) return false;
  if (g + 1 < c.groups && c.gap[g + 1] === 0x2e && c.gapBytes[g + 1] === 1 && c.size(g + 1) <= 2)
    return false;
  return accepted(c, c.first[g] ?? 0, size, true);
}

/** Groupings of cards as printed and typed, by size of group. */
const PRINTED = new Set([
  '4,4,4,4',
  '4,6,5',
  '4,6,4',
  '4,4,4,4,3',
  '4,4,5',
  '4,4,4,1',
  '6,4,4,4',
  '8,8',
  '4,4,4',
  '4,5,5',
  '5,5,5',
  '4,4,8',
  '8,4,4',
  '6,10',
  '4,12',
  '12,4',
  '6,6,4',
  '4,8,4',
  '6,13',
  '6,9',
  '6,8',
  '4,4,4,3',
  '5,4,5',
  '4,4,4,2',
  '4,4,4,5',
  '4,4,4,6',
  '4,4,3,4',
]);

function grouped(c: Cluster, g: number): number {
  const begin = c.first[g] ?? 0;
  let singles = c.size(g) === 1;
  for (let end = g + 2; end <= c.groups; end += 1) {
    const total = (c.first[end] ?? 0) - begin;
    if (total > 19) return 0;
    singles &&= c.size(end - 1) === 1;
    if (total < 12) continue;
    if (grouping(c, g, end, singles) && accepted(c, begin, total, false)) return end - g;
  }
  return 0;
}

/** Whether groups [g, end) are set like one number and not like a row of numbers. */
function grouping(c: Cluster, g: number, end: number, singles: boolean): boolean {
  const whole = g === 0 && end === c.groups;
  const gap = c.uniformGap(g, end);
  if ((c.bits & CARD) !== 0 && !c.crossesHardGap(g, end)) return true;
  if (c.crossesHardGap(g, end) && !whole) return false;
  if (gap === 0) return whole && !c.crossesHardGap(g, end);
  if (singles) return runsAlone(c, g, end, gap);
  if (gap === 0x2e && c.gapBytes[g + 1] === 1 && end - g === 2) return false;
  if (!PRINTED.has(layout(c, g, end))) return whole && end - g > 2 && gap !== 0x2c;
  return runsAlone(c, g, end, gap) || !rowOfEqualGroups(c, g, end);
}

function layout(c: Cluster, g: number, end: number): string {
  let text = `${c.size(g)}`;
  for (let i = g + 1; i < end; i += 1) text += `,${c.size(i)}`;
  return text;
}

/** Whether the same separator doesn't go on to the left or right. */
function runsAlone(c: Cluster, g: number, end: number, gap: number): boolean {
  const left = g > 0 && c.gap[g] === gap && c.gapBytes[g] === c.gapBytes[g + 1];
  const right = end < c.groups && c.gap[end] === gap && c.gapBytes[end] === c.gapBytes[g + 1];
  return !left && !right;
}

/** Whether groups of the same size go on on either side: a row of four-digit numbers is no card. */
function rowOfEqualGroups(c: Cluster, g: number, end: number): boolean {
  const size = c.size(g);
  return (
    (g > 0 && c.size(g - 1) === size) || (end < c.groups && c.size(end) === size && size === c.size(end - 1))
  );
}

function accepted(c: Cluster, begin: number, total: number, plain: boolean): boolean {
  if (!luhn(c.digits, begin, total)) return false;
  const range = panRange(c.digits, begin, total);
  if (range === 2 && (total === 15 || total === 16)) return true;
  if ((c.bits & CARD) !== 0) return range > 0 || !sameDigits(c, begin, total);
  return range === 2 && (c.bits & HARMLESS) === 0 && (plain || total >= 13);
}

function sameDigits(c: Cluster, begin: number, total: number): boolean {
  for (let i = 1; i < total; i += 1) if (c.digit(begin + i) !== c.digit(begin)) return false;
  return true;
}

/** The Luhn checksum (ISO/IEC 7812-1 annex B) over `total` digit values. */
export function luhn(digits: Uint8Array, begin: number, total: number): boolean {
  let sum = 0;
  let double = false;
  for (let i = begin + total - 1; i >= begin; i -= 1) {
    let digit = digits[i] ?? 0;
    if (double) {
      digit *= 2;
      if (digit > 9) digit -= 9;
    }
    sum += digit;
    double = !double;
  }
  return sum % 10 === 0;
}

/** 2: issued in this range and length. 1: the range exists, lengths or use vary. 0: no card begins so. */
export function panRange(digits: Uint8Array, begin: number, total: number): 0 | 1 | 2 {
  const d1 = digits[begin] ?? 0;
  const d2 = d1 * 10 + (digits[begin + 1] ?? 0);
  const d3 = d2 * 10 + (digits[begin + 2] ?? 0);
  const d4 = d3 * 10 + (digits[begin + 3] ?? 0);
  if (d1 === 4) return total === 16 || total === 13 || total === 19 ? 2 : 1;
  if (MAESTRO.has(d4)) return 2;
  const exact16 = total === 16 ? 2 : 1;
  if (d2 >= 51 && d2 <= 55) return exact16;
  if (d4 >= 2221 && d4 <= 2720) return exact16;
  if (d2 === 34 || d2 === 37) return total === 15 ? 2 : 1;
  if (d4 >= 3528 && d4 <= 3589) return total >= 16 ? 2 : 1;
  if (d2 === 36 || d2 === 38 || d2 === 39 || (d3 >= 300 && d3 <= 305) || d4 === 3095) {
    return total === 14 || total === 16 ? 2 : 1;
  }
  if (d4 === 6011 || d2 === 65 || (d3 >= 644 && d3 <= 649)) return total === 16 || total === 19 ? 2 : 1;
  if (d2 === 62) return total >= 16 ? 2 : 1;
  if (d4 === 2131 || d4 === 1800) return total === 15 ? 2 : 1;
  if (d4 >= 2200 && d4 <= 2205) return total === 16 || total === 19 ? 2 : 1;
  if (d4 === 9792 || d4 === 8600 || d4 === 9860 || d3 === 508 || d2 === 60) return exact16;
  if (d3 >= 636 && d3 <= 639) return exact16;
  if (d4 === 5061 || d4 === 5067 || d4 === 5066) return exact16;
  if (d2 === 50 || (d2 >= 56 && d2 <= 69) || d2 === 81 || d2 === 82 || d1 === 1) return 1;
  return 0;
}

/** Maestro's issuer ranges that no other network shares: 12–19 digits. */
const MAESTRO = new Set([5018, 5020, 5038, 5893, 6304, 6390, 6759, 6761, 6762, 6763]);
