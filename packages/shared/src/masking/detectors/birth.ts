import type { Cluster } from '../cluster.ts';
import { isYear, looksLikeDate } from '../dates.ts';
import { type DigitsDetector, sizes } from '../detector.ts';
import { BIRTH } from '../words.ts';

/** Dates of birth: a date in figures or with a month's name, beside a word that says birth. */
export const birth: DigitsDetector = {
  name: 'date-of-birth',
  entity: 'DATE_OF_BIRTH',
  confidence: 0.8,
  on: 'digits',
  sizes: sizes(1, 8),
  context: BIRTH,
  detect(c, g) {
    const taken = looksLikeDate(c, g);
    if (taken > 0) return taken;
    if (c.size(g) > 2) return 0;
    return monthAfter(c, g) || monthBefore(c, g);
  },
};

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** "13 April 1978", "13th of April, 1978": the year is outside this cluster, so the span is set by hand. */
function monthAfter(c: Cluster, g: number): number {
  if (g !== c.groups - 1) return 0;
  let at = skip(c, c.end(g), /^(?:st|nd|rd|th)?(?: of)?[ -]/);
  const word = letters(c, at);
  if (!isMonth(word)) return 0;
  at = skip(c, at + word.length, /^[.,]?[ -]?/);
  const year = /^\d{4}/.exec(peek(c, at))?.[0];
  if (year === undefined || !isYear(Number(year))) return 0;
  c.spanTo = at + 4;
  return 1;
}

/** "April 13, 1978", "Apr 13th 1978". */
function monthBefore(c: Cluster, g: number): number {
  let at = c.start(g) - 1;
  while (at > c.floor && (c.buffer[at] === 0x20 || c.buffer[at] === 0x2e || c.buffer[at] === 0x2d)) at -= 1;
  const end = at + 1;
  while (at >= c.floor && /[A-Za-z]/.test(String.fromCharCode(c.buffer[at] ?? 0)) && end - at < 12) at -= 1;
  const month = text(c, at + 1, end);
  if (!isMonth(month)) return 0;
  const rest = /^\d{1,2}(?:st|nd|rd|th)?,?[ -]{1,2}(\d{4})/.exec(peek(c, c.start(g)));
  if (rest === null || !isYear(Number(rest[1]))) return 0;
  c.spanFrom = at + 1;
  c.spanTo = c.start(g) + rest[0].length;
  return g + 1 < c.groups && c.end(g + 1) === c.spanTo ? 2 : 1;
}

function isMonth(word: string): boolean {
  return word.length >= 3 && MONTHS.includes(word.slice(0, 3).toLowerCase());
}

function letters(c: Cluster, at: number): string {
  return /^[A-Za-z]{3,9}/.exec(peek(c, at))?.[0] ?? '';
}

function skip(c: Cluster, at: number, pattern: RegExp): number {
  return at + (pattern.exec(peek(c, at))?.[0].length ?? 0);
}

function peek(c: Cluster, at: number): string {
  return text(c, at, Math.min(c.limit, at + 24));
}

function text(c: Cluster, from: number, to: number): string {
  let out = '';
  for (let at = from; at < to; at += 1) out += String.fromCharCode(c.buffer[at] ?? 0);
  return out;
}
