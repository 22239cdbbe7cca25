import { describe, expect, test } from 'vitest';
import { readDuration } from '../../src/cli/duration.ts';

describe('durations', () => {
  test.each([
    ['90s', 90],
    ['15m', 900],
    ['12h', 43_200],
    ['30d', 2_592_000],
  ])('%s is %d seconds', (text, seconds) => {
    expect(readDuration(text)).toBe(seconds);
  });

  test.each(['30', '', '0d', '-5m', '1.5h', '5 m', '5w', 'P30D', '9999999d'])('%j is refused', (text) => {
    expect(() => readDuration(text)).toThrow(/90s, 15m, 12h or 30d/);
  });
});
