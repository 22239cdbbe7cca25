import { type DigitsDetector, sizes } from '../detector.ts';
import { ROUTING } from '../words.ts';

/** ABA routing numbers: nine digits beside a word that says so, weights 3-7-1, a Federal Reserve prefix. */
export const aba: DigitsDetector = {
  name: 'aba',
  entity: 'ROUTING_NUMBER',
  confidence: 0.8,
  on: 'digits',
  sizes: sizes(1, 9),
  context: ROUTING,
  detect(c, g) {
    const begin = c.first[g] ?? 0;
    for (let end = g + 1; end <= c.groups; end += 1) {
      const total = (c.first[end] ?? 0) - begin;
      if (total < 9) continue;
      if (total > 9 || c.crossesHardGap(g, end) || c.letterBefore(g) || c.letterAfter(end - 1)) return 0;
      return abaChecksum(c.digits, begin) ? end - g : 0;
    }
    return 0;
  },
};

/** Whether nine digit values are a routing number. */
export function abaChecksum(digits: Uint8Array, begin: number): boolean {
  const d = (i: number): number => digits[begin + i] ?? 0;
  const prefix = d(0) * 10 + d(1);
  const issued =
    prefix <= 12 || (prefix >= 21 && prefix <= 32) || (prefix >= 61 && prefix <= 72) || prefix === 80;
  const sum = 3 * (d(0) + d(3) + d(6)) + 7 * (d(1) + d(4) + d(7)) + (d(2) + d(5) + d(8));
  return issued && sum > 0 && sum % 10 === 0;
}
