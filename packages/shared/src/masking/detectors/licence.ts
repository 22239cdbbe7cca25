import { type DigitsDetector, sizes } from '../detector.ts';
import { LICENCE } from '../words.ts';

/** Driving licence numbers that are digits: 5–14, plain or in groups, beside the words. Formats differ by state. */
export const licence: DigitsDetector = {
  name: 'driving-licence',
  entity: 'DRIVING_LICENCE',
  confidence: 0.8,
  on: 'digits',
  sizes: sizes(1, 14),
  context: LICENCE,
  detect(c, g) {
    if (c.letterBefore(g)) return 0;
    let end = g + 1;
    while (end < c.groups && c.hard[end] === 0 && c.gapBytes[end] === 1 && c.gap[end] !== 0x2e) end += 1;
    const total = (c.first[end] ?? 0) - (c.first[g] ?? 0);
    return total >= 5 && total <= 14 && !c.letterAfter(end - 1) ? end - g : 0;
  },
};
