import { type DigitsDetector, sizes } from '../detector.ts';
import { PASSPORT } from '../words.ts';

/** Passport numbers that are all digits: 8 or 9, beside a word that says passport. With letters: passport-token.ts. */
export const passport: DigitsDetector = {
  name: 'passport',
  entity: 'PASSPORT',
  confidence: 0.8,
  on: 'digits',
  sizes: sizes(2, 9),
  context: PASSPORT,
  detect(c, g) {
    const begin = c.first[g] ?? 0;
    for (let end = g + 1; end <= c.groups; end += 1) {
      const total = (c.first[end] ?? 0) - begin;
      if (total < 7) continue;
      if (total > 9 || c.crossesHardGap(g, end) || c.letterBefore(g) || c.letterAfter(end - 1)) return 0;
      return end - g;
    }
    return 0;
  },
};
