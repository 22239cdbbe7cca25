import type { Cluster } from '../cluster.ts';
import { type DigitsDetector, sizes } from '../detector.ts';
import { SSN } from '../words.ts';

/**
 * US social security numbers: 3-2-4 with one kind of separator, or nine digits beside a word that says so.
 * Areas 000, 666 and 900–999, group 00 and serial 0000 are never issued (SSA, RM 10201.035).
 */
export const ssn: DigitsDetector = {
  name: 'ssn',
  entity: 'SSN',
  confidence: 0.9,
  on: 'digits',
  sizes: sizes(1, 9),
  context: 0,
  detect(c, g) {
    const taken = nineDigits(c, g);
    if (taken === 0) return 0;
    const begin = c.first[g] ?? 0;
    const area = c.value(begin, begin + 3);
    if (area === 0 || area === 666 || area >= 900) return 0;
    return c.value(begin + 3, begin + 5) !== 0 && c.value(begin + 5, begin + 9) !== 0 ? taken : 0;
  },
};

/**
 * Groups that make the nine digits of an SSN or ITIN: 3-2-4 by its look; any grouping, or none, where a word says so.
 */
export function nineDigits(c: Cluster, g: number): number {
  if (looksLikeSsn(c, g)) return 3;
  if ((c.bits & SSN) === 0 || c.letterBefore(g)) return 0;
  const begin = c.first[g] ?? 0;
  for (let end = g + 1; end <= c.groups; end += 1) {
    const total = (c.first[end] ?? 0) - begin;
    if (total > 9) return 0;
    if (total < 9) continue;
    if (c.crossesHardGap(g, end) || c.letterAfter(end - 1)) return 0;
    return goesOn(c, end) ? 0 : end - g;
  }
  return 0;
}

function looksLikeSsn(c: Cluster, g: number): boolean {
  if (c.size(g) !== 3 || c.size(g + 1) !== 2 || c.size(g + 2) !== 4) return false;
  const gap = c.uniformGap(g, g + 3);
  if (gap === 0 || c.crossesHardGap(g, g + 3)) return false;
  if (gap !== 0x2d && gap !== 0x20 && gap !== 0x2e && gap !== 0x5f && gap !== 0x2f) return false;
  if (gap === 0x2e && (c.before === 0x2e || c.letterBefore(g))) return false;
  if (g > 0 && c.hard[g] === 0 && c.gap[g] === gap && gap !== 0x20) return false;
  if (c.letterAfter(g + 2)) return false;
  return !(gap !== 0x20 && goesOn(c, g + 3) && c.gap[g + 3] === gap);
}

function goesOn(c: Cluster, end: number): boolean {
  return end < c.groups && c.hard[end] === 0 && c.gapBytes[end] === 1 && c.gap[end] !== 0x20;
}
