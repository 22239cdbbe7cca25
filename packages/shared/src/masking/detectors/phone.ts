import { ALNUM, isDigit } from '../bytes.ts';
import type { Cluster } from '../cluster.ts';
import { meaningAfter } from '../context.ts';
import { looksLikeDate } from '../dates.ts';
import { type DigitsDetector, sizes } from '../detector.ts';
import { HARMLESS, PHONE, PHONE_PLACE, PHONE_WEAK } from '../words.ts';
import { maxDigitsOfCountry } from './country-codes.ts';

/**
 * Telephone numbers. By look alone: E.164 with its plus and a country code that exists, and US numbers in groups
 * (3-3-4, with or without 1, brackets, extension). Everything else, bare digits too, needs a word that says phone.
 */
export const phone: DigitsDetector = {
  name: 'phone',
  entity: 'PHONE',
  confidence: 0.9,
  on: 'digits',
  sizes: sizes(1, 15),
  context: 0,
  detect(c, g) {
    if ((c.total - (c.first[g] ?? 0) < 7 && c.bits === 0) || c.letterBefore(g)) return 0;
    const taken = plus(c, g) || northAmerican(c, g) || international(c, g) || spoken(c, g);
    if (taken === 0) return 0;
    const to = extension(c, c.end(g + taken - 1));
    if (to === c.end(g + taken - 1) && c.letterAfter(g + taken - 1)) return 0;
    c.spanTo = to;
    c.spanFrom = opening(c, g, g + taken);
    return taken;
  },
};

function byteBefore(c: Cluster, g: number): number {
  const at = c.start(g) - 1;
  return at >= c.floor ? (c.buffer[at] ?? 0) : 0;
}

/** +46 (0)8 928 571 38 */
function plus(c: Cluster, g: number): number {
  if (byteBefore(c, g) !== 0x2b) return 0;
  const signAt = c.start(g) - 2;
  if (signAt >= c.floor && (ALNUM[c.buffer[signAt] ?? 0] ?? 0) !== 0) return 0;
  return e164(c, g, c.first[g] ?? 0);
}

/** 001-518-640-0854, 0044 20 7946 0958: only in groups, for bare digits that begin with 00 are anything. */
function international(c: Cluster, g: number): number {
  const begin = c.first[g] ?? 0;
  if (c.digit(begin) !== 0 || c.digit(begin + 1) !== 0 || c.size(g) < 3 || c.size(g) > 5) return 0;
  const taken = e164(c, g, begin + 2);
  return taken >= 3 ? taken : 0;
}

function e164(c: Cluster, g: number, begin: number): number {
  const most = maxDigitsOfCountry(c.digits, begin);
  if (most === 0) return 0;
  // North America and Russia have one length; elsewhere numbers may be shorter than the longest.
  const least = c.digit(begin) === 1 || c.digit(begin) === 7 ? 11 : 8;
  let best = 0;
  for (let end = g + 1; end <= c.groups; end += 1) {
    if (end > g + 1 && (c.hard[end - 1] === 1 || !phoneGap(c.gap[end - 1] ?? 0))) break;
    let total = (c.first[end] ?? 0) - begin;
    if (hasTrunkZero(c, g, end)) total -= 1;
    if (total > most) break;
    if (total >= least) best = end - g;
  }
  return best;
}

function hasTrunkZero(c: Cluster, g: number, end: number): boolean {
  for (let i = g + 1; i < end; i += 1) {
    if (c.size(i) === 1 && c.digit(c.first[i] ?? 0) === 0 && byteBefore(c, i) === 0x28) return true;
  }
  return false;
}

function phoneGap(gap: number): boolean {
  return gap === 0x20 || gap === 0x2d || gap === 0x2e || gap === 0x28 || gap === 0x29 || gap === 0x2f;
}

/** (212) 555-0123, 212.555.0123, 1-212-555-0123 */
function northAmerican(c: Cluster, g: number): number {
  let at = g;
  if (c.size(at) === 1 && c.digit(c.first[at] ?? 0) === 1 && c.hard[at + 1] === 0) at += 1;
  if (c.size(at) !== 3 || c.size(at + 1) !== 3 || c.size(at + 2) !== 4) return 0;
  if (c.crossesHardGap(g, at + 3) || c.gapBytes[at + 1] === 3) return 0;
  const begin = c.first[at] ?? 0;
  const spoken = (c.bits & (PHONE | PHONE_WEAK | PHONE_PLACE)) !== 0;
  if (c.digit(begin) < 2 && !spoken) return 0;
  const first = c.gap[at + 1] ?? 0;
  const second = c.gap[at + 2] ?? 0;
  const bracketed = first === 0x29 && byteBefore(c, at) === 0x28;
  if (!bracketed && first !== second) return 0;
  if (second !== 0x2d && second !== 0x2e && second !== 0x20) return 0;
  if (!bracketed && second !== 0x2d && !spoken && c.digit(begin + 3) < 2) return 0;
  if (second === 0x20 && !bracketed && !spoken && (c.bits & HARMLESS) !== 0) return 0;
  if (!spoken && joined(c, g, at + 3, second)) return 0;
  return at + 3 - g;
}

/** Whether the same dash or dot goes on with more digits: a part number, not a telephone's. */
function joined(c: Cluster, g: number, end: number, gap: number): boolean {
  const left = g > 0 && c.hard[g] === 0 && c.gap[g] === gap && c.gapBytes[g] === 1;
  const right = end < c.groups && c.hard[end] === 0 && c.gap[end] === gap && c.gapBytes[end] === 1;
  return left || right;
}

/** Any other grouping where a word says phone. */
function spoken(c: Cluster, g: number): number {
  let end = g + 1;
  while (
    end < c.groups &&
    c.hard[end] === 0 &&
    phoneGap(c.gap[end] ?? 0) &&
    (c.first[end + 1] ?? 0) - (c.first[g] ?? 0) <= 15
  ) {
    end += 1;
  }
  const total = (c.first[end] ?? 0) - (c.first[g] ?? 0);
  const groups = end - g;
  if (total < 7 || total > 15 || groups > 7 || c.before === 0x2a || c.before === 0x24) return 0;
  if (looksLikeDate(c, g) === 3 || (groups === 2 && c.gap[g + 1] === 0x2e) || c.continuesNumber(g)) return 0;
  if (groups === 4 && c.uniformGap(g, end) === 0x2e && total <= 12 && c.size(g) !== 2) return 0;
  if ((c.bits & PHONE) !== 0) return groups;
  if ((c.bits & PHONE_WEAK) !== 0 && (groups > 1 || total >= 10)) return groups;
  if ((c.bits & PHONE_PLACE) !== 0 && (groups > 2 || total >= 10)) return groups;
  if ((c.bits & HARMLESS) !== 0 || (groups === 1 && total < 9)) return 0;
  return meaningAfter(c.buffer, c.end(end - 1), c.limit) !== 0 ? groups : 0;
}

/** The brackets or plus that belong to the number. */
function opening(c: Cluster, g: number, end: number): number {
  let from = c.start(g);
  const before = byteBefore(c, g);
  if (before === 0x2b) from -= 1;
  else if (before === 0x28 && closes(c, g, end)) from -= 1;
  return from;
}

function closes(c: Cluster, g: number, end: number): boolean {
  const to = Math.min(c.end(end - 1) + 1, c.limit);
  for (let at = c.start(g); at < to; at += 1) if (c.buffer[at] === 0x29) return true;
  return false;
}

/** " x4587", " ext. 12", "#7": the extension goes with the number. */
function extension(c: Cluster, at: number): number {
  let i = at;
  if (c.buffer[i] === 0x20 && i < c.limit) i += 1;
  const sign = i < c.limit ? (c.buffer[i] ?? 0) | 0x20 : 0;
  if (sign === 0x78) i += 1;
  else if (
    sign === 0x65 &&
    ((c.buffer[i + 1] ?? 0) | 0x20) === 0x78 &&
    ((c.buffer[i + 2] ?? 0) | 0x20) === 0x74
  )
    i += 3;
  else return at;
  while (i < c.limit && (c.buffer[i] === 0x2e || c.buffer[i] === 0x20) && i - at < 8) i += 1;
  const digits = i;
  while (i < c.limit && isDigit(c.buffer[i] ?? 0) && i - digits < 7) i += 1;
  return i > digits && i - digits < 7 ? i : at;
}
