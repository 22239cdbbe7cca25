import { ALNUM, isDigit, NEWLINE, QUOTE, SPACE } from '../bytes.ts';
import type { SignDetector, Text } from '../detector.ts';
import { PASSWORD_MAX_BYTES } from '../limits.ts';
import { meaningOfName, SECRET } from '../words.ts';

/**
 * Passwords and keys by assignment: `password = "…"`, `api_key: …`, `?client_secret=…`, `Authorization: Bearer …`, and
 * the password in a URL. Code that only names a secret (`password = readPassword()`) and placeholders are left.
 */
export const password: SignDetector = {
  name: 'password',
  entity: 'PASSWORD',
  confidence: 0.8,
  on: 'sign',
  signs: ':=>',
  detect(text, at) {
    if (text.byte(at + 1) === 0x2f && text.byte(at + 2) === 0x2f) return userInfo(text, at + 3);
    if (text.byte(at) === 0x3e) return element(text, at);
    const before = text.byte(at - 1);
    if (ALNUM[before] !== 1 && before !== SPACE && before !== 0x5f && !isQuote(before)) return false;
    const name = nameBefore(text, at);
    if (name.to - name.from < 3 || (meaningOfName(text.buffer, name.from, name.to) & SECRET) === 0)
      return false;
    return value(text, at, name);
  },
};

interface Name {
  from: number;
  to: number;
}

function nameBefore(text: Text, at: number): Name {
  let to = at;
  const floor = Math.max(text.floor, at - 48);
  while (to > floor && (text.byte(to - 1) === SPACE || isQuote(text.byte(to - 1)))) to -= 1;
  let from = to;
  while (from > floor && isNameByte(text.byte(from - 1))) from -= 1;
  return { from, to };
}

function isNameByte(byte: number): boolean {
  return (ALNUM[byte] ?? 0) !== 0 || byte === 0x5f || byte === 0x2d;
}

function isQuote(byte: number): boolean {
  return byte === QUOTE || byte === 0x27 || byte === 0x60;
}

function value(text: Text, at: number, name: Name): boolean {
  let from = at + 1;
  if (text.byte(from) === 0x3d || text.byte(from) === 0x3e || text.byte(from) === 0x3a) from += 1;
  if (text.byte(from) === 0x3d) return false;
  while (text.byte(from) === SPACE) from += 1;
  const quote = text.byte(from);
  if (isQuote(quote)) {
    const to = closing(text, from + 1, quote);
    return to > 0 && isLiteral(text, from + 1, to, 4) && text.found(from + 1, to);
  }
  let to = wordTo(text, from);
  if (isScheme(text, from, to)) {
    from = to + 1;
    to = wordTo(text, from);
  }
  if (to - from > PASSWORD_MAX_BYTES || !isLiteral(text, from, to, 6)) return false;
  return isBareSecret(text, from, to, at, name) && text.found(from, to);
}

function closing(text: Text, from: number, quote: number): number {
  const most = Math.min(text.limit, from + PASSWORD_MAX_BYTES);
  for (let at = from; at < most; at += 1) {
    if (text.byte(at) === NEWLINE) return 0;
    if (text.byte(at) === quote) return at;
  }
  return 0;
}

function wordTo(text: Text, from: number): number {
  let to = from;
  while (to < text.limit && to - from <= PASSWORD_MAX_BYTES && !endsWord(text.byte(to))) to += 1;
  while (to > from && (text.byte(to - 1) === 0x2e || text.byte(to - 1) === 0x3a)) to -= 1;
  return to;
}

/** Space, quotes, comma, semicolon, ampersand, brackets. */
function endsWord(byte: number): boolean {
  return (
    byte <= SPACE ||
    isQuote(byte) ||
    byte === 0x2c ||
    byte === 0x3b ||
    byte === 0x26 ||
    byte === 0x3c ||
    byte === 0x3e ||
    byte === 0x29 ||
    byte === 0x7d ||
    byte === 0x5d ||
    byte === 0x7c
  );
}

function isScheme(text: Text, from: number, to: number): boolean {
  const word = lower(text, from, to);
  return text.byte(to) === SPACE && (word === 'bearer' || word === 'basic' || word === 'token');
}

/** A word without quotes counts where it looks made up, or stands as in an environment file or a query. */
function isBareSecret(text: Text, from: number, to: number, at: number, name: Name): boolean {
  let letters = 0;
  let digits = 0;
  let signs = 0;
  for (let i = from; i < to; i += 1) {
    const byte = text.byte(i);
    if (byte === 0x28) return false;
    if (isDigit(byte)) digits += 1;
    else if (ALNUM[byte] === 1 || byte >= 0x80) letters += 1;
    else if (byte !== 0x5f && byte !== 0x2e && byte !== 0x2d && byte !== 0x5b) signs += 1;
  }
  if (isMemberPath(text, from, to)) return false;
  if (digits > 0 && (letters > 0 || digits >= 6)) return true;
  if (signs > 0 && letters > 0) return true;
  if (text.byte(at) !== 0x3d || name.to !== at || from !== at + 1) return false;
  const next = text.byte(to);
  return (
    (allCapitals(text, name) || next === 0x26 || next === 0) &&
    next !== 0x29 &&
    !sameName(text, from, to, name)
  );
}

function allCapitals(text: Text, name: Name): boolean {
  for (let at = name.from; at < name.to; at += 1)
    if (text.byte(at) >= 0x61 && text.byte(at) <= 0x7a) return false;
  return true;
}

function sameName(text: Text, from: number, to: number, name: Name): boolean {
  return lower(text, from, to) === lower(text, name.from, name.to);
}

/** config.db.password, this.secret1 */
function isMemberPath(text: Text, from: number, to: number): boolean {
  return /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+$/.test(plain(text, from, Math.min(to, from + 128)));
}

const PLACEHOLDER =
  /^(?:null|none|nil|true|false|undefined|string|password|passwd|secret|required|optional|redacted|hidden|masked|removed|omitted|empty|unset|example|placeholder|your[-_ ].*|my[-_](?:password|secret|token|key)|changeme|[*x.•#_-]+|<.*>?|\$.*|\{.*|%.*|\[[A-Z0-9_]+(?::[ht]:[A-Za-z]+|:\*+[^\s]{0,10})?\]?(?:#\d+)?)$/i;

/** A value that was masked in part is no secret any more: masking twice must do what masking once does. */
const HAS_MASK = /\[[A-Z][A-Z0-9_]{2,}(?::[ht]:[A-Za-z]+)?\]/;

/** Whether a text can be a secret's value: long enough, no placeholder, no sentence. */
export function isLiteral(text: Text, from: number, to: number, least: number): boolean {
  if (to - from < least || to - from > PASSWORD_MAX_BYTES) return false;
  let spaces = 0;
  for (let at = from; at < to; at += 1) if (text.byte(at) === SPACE) spaces += 1;
  const value = plain(text, from, to);
  return spaces <= 3 && !PLACEHOLDER.test(value) && !HAS_MASK.test(value);
}

/** <password>…</password> */
function element(text: Text, at: number): boolean {
  const name = nameBefore(text, at);
  if (
    name.to !== at ||
    text.byte(name.from - 1) !== 0x3c ||
    (meaningOfName(text.buffer, name.from, at) & SECRET) === 0
  )
    return false;
  let to = at + 1;
  while (to < text.limit && to - at <= PASSWORD_MAX_BYTES && text.byte(to) !== 0x3c) to += 1;
  return text.byte(to) === 0x3c && isLiteral(text, at + 1, to, 4) && text.found(at + 1, to);
}

/** scheme://user:password@host */
function userInfo(text: Text, from: number): boolean {
  const most = Math.min(text.limit, from + PASSWORD_MAX_BYTES);
  let colon = 0;
  for (let at = from; at < most; at += 1) {
    const byte = text.byte(at);
    if (byte === 0x40) {
      return colon > 0 && at - colon > 1 && isLiteral(text, colon + 1, at, 3) && text.found(colon + 1, at);
    }
    if (byte === 0x3a && colon === 0) colon = at;
    if (byte <= SPACE || byte === 0x2f || byte === 0x3f || byte === 0x23 || isQuote(byte)) return false;
  }
  return false;
}

function plain(text: Text, from: number, to: number): string {
  let out = '';
  for (let at = from; at < to; at += 1) out += String.fromCharCode(text.byte(at));
  return out;
}

function lower(text: Text, from: number, to: number): string {
  return to - from > 48 ? '' : plain(text, from, to).toLowerCase();
}
