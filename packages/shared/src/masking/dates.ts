import type { Cluster } from './cluster.ts';

/** Groups of a written date from group g on: 1978-04-13, 4/13/1978, 13.4.78, 19780413. 0 where there is none. */
export function looksLikeDate(c: Cluster, g: number): number {
  const size = c.size(g);
  const begin = c.first[g] ?? 0;
  if (size === 8 && compactDate(c, begin)) return 1;
  if (g + 3 > c.groups || c.uniformGap(g, g + 3) === 0 || c.crossesHardGap(g, g + 3)) return 0;
  const second = c.size(g + 1);
  const third = c.size(g + 2);
  if (size > 4 || second > 2 || third > 4 || second < 1) return 0;
  const a = c.value(begin, begin + size);
  const b = c.value(c.first[g + 1] ?? 0, c.first[g + 2] ?? 0);
  const e = c.value(c.first[g + 2] ?? 0, c.first[g + 3] ?? 0);
  if (size === 4) return third <= 2 && isYear(a) && isDayAndMonth(b, e) ? 3 : 0;
  if (size > 2 || (third !== 4 && third !== 2)) return 0;
  return (third === 2 || isYear(e)) && isDayAndMonth(a, b) ? 3 : 0;
}

function compactDate(c: Cluster, begin: number): boolean {
  const yearFirst = isYear(c.value(begin, begin + 4));
  if (yearFirst && isDayAndMonth(c.value(begin + 4, begin + 6), c.value(begin + 6, begin + 8))) return true;
  return (
    isYear(c.value(begin + 4, begin + 8)) &&
    isDayAndMonth(c.value(begin, begin + 2), c.value(begin + 2, begin + 4))
  );
}

export function isYear(value: number): boolean {
  return value >= 1880 && value <= 2100;
}

function isDayAndMonth(a: number, b: number): boolean {
  return a >= 1 && b >= 1 && ((a <= 12 && b <= 31) || (a <= 31 && b <= 12));
}
