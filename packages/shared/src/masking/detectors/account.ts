import { looksLikeDate } from '../dates.ts';
import { type DigitsDetector, sizes } from '../detector.ts';
import { ACCOUNT } from '../words.ts';

/** Bank account numbers: 6–17 digits, plain or in groups, beside a word that says account. There is no checksum. */
export const account: DigitsDetector = {
  name: 'account',
  entity: 'ACCOUNT_NUMBER',
  confidence: 0.8,
  on: 'digits',
  sizes: sizes(1, 17),
  context: ACCOUNT,
  detect(c, g) {
    if (c.letterBefore(g) || c.continuesNumber(g) || c.before === 0x2a || c.before === 0x24) return 0;
    let end = g + 1;
    while (end < c.groups && c.hard[end] === 0 && c.gapBytes[end] === 1 && isJoin(c.gap[end] ?? 0)) end += 1;
    // An amount: 123456.78, 1,234,567.
    if (
      end < c.groups &&
      c.gapBytes[end] === 1 &&
      (c.gap[end] === 0x2e || c.gap[end] === 0x2c) &&
      end === g + 1
    ) {
      if (c.gap[end] === 0x2e || c.size(end) === 3) return 0;
    }
    const total = (c.first[end] ?? 0) - (c.first[g] ?? 0);
    if (total < 6 || total > 17 || c.letterAfter(end - 1) || c.after === 0x2a) return 0;
    return looksLikeDate(c, g) === 3 ? 0 : end - g;
  },
};

function isJoin(gap: number): boolean {
  return gap === 0x20 || gap === 0x2d;
}
