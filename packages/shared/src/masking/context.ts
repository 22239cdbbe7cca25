import { ALNUM, isDigit, NEWLINE, SPACE } from './bytes.ts';
import { CONTEXT_GAP_WORDS, CONTEXT_MAX_WORDS, CONTEXT_WINDOW_BYTES } from './limits.ts';
import { maskedFormStart } from './masked-form.ts';
import {
  ANY_MEANING,
  HARMLESS,
  isFiller,
  isUpper,
  meaningOfWord,
  namesId,
  PHONE,
  PHONE_PLACE,
  resolvePhrases,
  withoutId,
} from './words.ts';

/**
 * What the words before `at` say the value there is. Reads back over at most CONTEXT_WINDOW_BYTES, stops at another
 * number (masked or not), at the end of a sentence, at an empty line and after CONTEXT_GAP_WORDS words of no meaning.
 * The nearest word wins over farther ones where it names something harmless ("account 5, order 12345678").
 */
export function meaningBefore(b: Uint8Array, floor: number, at: number): number {
  const limit = Math.max(floor, at - CONTEXT_WINDOW_BYTES);
  let bits = 0;
  let gap = 0;
  let words = 0;
  let id = false;
  let i = at - 1;
  while (i >= limit) {
    const byte = b[i] ?? 0;
    if (ALNUM[byte] === 1) {
      const start = wordStart(b, limit, i);
      const meaning = meaningOfWord(b, start, i + 1);
      if ((meaning & HARMLESS) !== 0 && (bits & ANY_MEANING) === 0) return HARMLESS | (bits & ~ANY_MEANING);
      // "account id 12345678" names an id of a thing; "account number, id 5" is another matter.
      if ((bits & ANY_MEANING) === 0 && namesId(meaning)) id = true;
      if (meaning !== 0) bits |= meaning;
      if (!isFiller(meaning) && (meaning & ANY_MEANING) === 0) gap += 1;
      words += 1;
      if (gap > CONTEXT_GAP_WORDS || words >= CONTEXT_MAX_WORDS) break;
      i = start - 1;
    } else if (
      isDigit(byte) ||
      (byte === 0x5d && maskedFormStart(b, limit, i) >= 0) ||
      endsSentence(b, i, at, limit)
    ) {
      break;
    } else {
      i -= 1;
    }
  }
  const resolved = resolvePhrases(bits);
  return id ? withoutId(resolved) : resolved;
}

function wordStart(b: Uint8Array, limit: number, last: number): number {
  let start = last;
  while (start > limit && ALNUM[b[start - 1] ?? 0] === 1) {
    if (isUpper(b[start] ?? 0) && !isUpper(b[start - 1] ?? 0)) break;
    start -= 1;
  }
  return start;
}

/** A full stop before a space ends a sentence unless it ends an abbreviation ("acct. no. 123"). */
function endsSentence(b: Uint8Array, i: number, at: number, limit: number): boolean {
  const byte = b[i] ?? 0;
  if (byte === NEWLINE) return b[i - 1] === NEWLINE;
  if (byte === 0x21 || byte === 0x7d) return true;
  if (byte !== 0x2e || i + 1 >= at) return false;
  const next = b[i + 1] ?? 0;
  if (next !== SPACE && next !== NEWLINE) return false;
  if (i - 1 < limit || ALNUM[b[i - 1] ?? 0] !== 1) return true;
  return meaningOfWord(b, wordStart(b, limit, i - 1), i) === 0;
}

/** Whether the next word after a number says phone: "416 60 039 office", "07700 063 966-Fax", "(mobile)". */
export function meaningAfter(b: Uint8Array, at: number, limit: number): number {
  let i = at;
  const stop = Math.min(limit, at + 3);
  while (i < stop && ALNUM[b[i] ?? 0] !== 1) {
    const byte = b[i] ?? 0;
    if (byte !== SPACE && byte !== 0x2d && byte !== 0x28 && byte !== 0x2f) return 0;
    i += 1;
  }
  if (i >= limit || ALNUM[b[i] ?? 0] !== 1 || i === at) return 0;
  let end = i + 1;
  while (end < limit && ALNUM[b[end] ?? 0] === 1) end += 1;
  if (b[end] === 0x3a) return 0;
  return meaningOfWord(b, i, end) & (PHONE | PHONE_PLACE);
}
