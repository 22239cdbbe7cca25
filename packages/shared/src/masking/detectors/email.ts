import { ALNUM } from '../bytes.ts';
import type { SignDetector, Text } from '../detector.ts';
import { EMAIL_DOMAIN_MAX_BYTES, EMAIL_LOCAL_MAX_BYTES } from '../limits.ts';

/** E-mail addresses: a local part, and a domain of two labels or more that doesn't end like a file or a version. */
export const email: SignDetector = {
  name: 'email',
  entity: 'EMAIL',
  confidence: 0.9,
  on: 'sign',
  signs: '@',
  detect(text, at) {
    const from = localStart(text, at);
    if (from === at) return false;
    const to = domainEnd(text, at + 1);
    if (to === 0) return false;
    // git@host:path is a repository, not a person.
    if (at - from === 3 && text.startsWith('git', from)) return false;
    return text.found(from, to);
  },
};

const LOCAL = new Uint8Array(256);
for (let byte = 0; byte < 256; byte += 1) if ((ALNUM[byte] ?? 0) !== 0 || byte >= 0x80) LOCAL[byte] = 1;
for (const sign of "!#$%&'*+-./=?^_`{|}~") LOCAL[sign.charCodeAt(0)] = 1;
/** Signs that RFC 5322 allows in a local part and that in practice stand before one. */
const LEADING = new Uint8Array(256);
for (const sign of "!#$%&'*+-./=?^_`{|}~") LEADING[sign.charCodeAt(0)] = 1;
LEADING[0x5f] = 0;

function localStart(text: Text, at: number): number {
  let from = at;
  const least = Math.max(text.floor, at - EMAIL_LOCAL_MAX_BYTES);
  while (from > least && LOCAL[text.byte(from - 1)] === 1) from -= 1;
  // name=a@b.c, {a@b.c, 'a@b.c: the last such sign before the name begins the address.
  for (let i = at - 1; i >= from; i -= 1) {
    const byte = text.byte(i);
    if (
      byte === 0x3d ||
      byte === 0x2f ||
      byte === 0x7b ||
      byte === 0x7c ||
      byte === 0x3f ||
      byte === 0x26 ||
      byte === 0x60
    ) {
      from = i + 1;
      break;
    }
  }
  while (from < at && LEADING[text.byte(from)] === 1) from += 1;
  return from;
}

function domainEnd(text: Text, begin: number): number {
  let at = begin;
  let end = 0;
  const most = Math.min(text.limit, begin + EMAIL_DOMAIN_MAX_BYTES);
  for (let labels = 1; ; labels += 1) {
    const label = at;
    while (at < most && isLabelByte(text.byte(at))) at += 1;
    let last = at;
    while (last > label && text.byte(last - 1) === 0x2d) last -= 1;
    if (last === label) break;
    if (labels > 1 && isTopLevel(text, label, last)) end = last;
    if (text.byte(at) !== 0x2e || at !== last) break;
    at += 1;
  }
  if (end === 0 || isImageScale(text, begin)) return 0;
  return end;
}

function isLabelByte(byte: number): boolean {
  return (ALNUM[byte] ?? 0) !== 0 || byte === 0x2d || byte >= 0x80;
}

function isTopLevel(text: Text, from: number, to: number): boolean {
  if (to - from < 2) return false;
  if (text.startsWith('xn--', from)) return true;
  for (let at = from; at < to; at += 1) if (ALNUM[text.byte(at)] !== 1 && text.byte(at) < 0x80) return false;
  return true;
}

/** icon@2x.png */
function isImageScale(text: Text, begin: number): boolean {
  return (
    text.byte(begin) >= 0x31 &&
    text.byte(begin) <= 0x39 &&
    text.byte(begin + 1) === 0x78 &&
    text.byte(begin + 2) === 0x2e
  );
}
