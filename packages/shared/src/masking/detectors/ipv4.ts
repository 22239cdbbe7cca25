import { type DigitsDetector, sizes } from '../detector.ts';
import { VERSION } from '../words.ts';

/**
 * IPv4 addresses in dotted form. The unspecified, loopback and broadcast addresses and masks say nothing about
 * anybody and are left; so are version numbers where a word or a letter says so.
 */
export const ipv4: DigitsDetector = {
  name: 'ipv4',
  entity: 'IP',
  confidence: 0.9,
  on: 'digits',
  sizes: sizes(1, 3),
  context: 0,
  detect(c, g) {
    if (g + 4 > c.groups || c.size(g + 1) > 3 || c.size(g + 2) > 3 || c.size(g + 3) > 3) return 0;
    if (c.uniformGap(g, g + 4) !== 0x2e || c.gapBytes[g + 1] !== 1) return 0;
    if (g > 0 && c.gap[g] === 0x2e && c.gapBytes[g] === 1) return 0;
    if (g + 4 < c.groups && c.gap[g + 4] === 0x2e && c.gapBytes[g + 4] === 1) return 0;
    if (c.letterBefore(g) || c.letterAfter(g + 3) || (g === 0 && c.before === 0x2e)) return 0;
    for (let i = g; i < g + 4; i += 1) {
      const begin = c.first[i] ?? 0;
      if (c.value(begin, c.first[i + 1] ?? 0) > 255 || (c.size(i) > 1 && c.digit(begin) === 0)) return 0;
    }
    const octet = c.value(c.first[g] ?? 0, c.first[g + 1] ?? 0);
    if (octet === 0 || octet === 127 || octet === 255 || (c.bits & VERSION) !== 0) return 0;
    return 4;
  },
};
