import { type DigitsDetector, sizes } from '../detector.ts';
import { nineDigits } from './ssn.ts';

/**
 * US individual taxpayer identification numbers: like an SSN, first digit 9, fourth and fifth digit 50–65, 70–88,
 * 90–92 or 94–99 (IRS, IRM 3.21.263).
 */
export const itin: DigitsDetector = {
  name: 'itin',
  entity: 'ITIN',
  confidence: 0.9,
  on: 'digits',
  sizes: sizes(1, 9),
  context: 0,
  detect(c, g) {
    if (c.digit(c.first[g] ?? 0) !== 9) return 0;
    const taken = nineDigits(c, g);
    if (taken === 0) return 0;
    const begin = c.first[g] ?? 0;
    const group = c.value(begin + 3, begin + 5);
    const issued =
      (group >= 50 && group <= 65) || (group >= 70 && group <= 99 && group !== 89 && group !== 93);
    return issued ? taken : 0;
  },
};
