/**
 * What a byte can mean, looked up once per byte. The scanner visits only bytes whose class is not ORDINARY,
 * so the tables decide the engine's speed.
 */

/** A byte's class in text that is being searched. */
export const ORDINARY = 0;
export const DIGIT = 1;
export const UPPER = 2;
export const AT = 3;
export const COLON = 4;
export const EQUALS = 5;
export const UNDERSCORE = 6;
export const DASH = 7;
export const GREATER = 8;

/** Flags that a JSON string collects while its end is sought. Values at or above STOP end or interrupt the search. */
export const HAS_TRIGGER = 1;
export const HAS_FOLD = 2;
export const HAS_ENTITY = 4;
export const HAS_DELIMITER = 8;
export const STOP = 64;
export const IS_QUOTE = STOP;
export const IS_ESCAPE = STOP + 1;
export const IS_CONTROL = STOP + 2;

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const SPACE = 0x20;
export const NEWLINE = 0x0a;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const COMMA = 0x2c;
export const HYPHEN = 0x2d;

/** Class of each byte for the text scanner. */
export const TEXT_CLASS = textClasses();
/** Flag of each byte for the search of a JSON string's end. */
export const STRING_FLAG = stringFlags();
/** 1 letter, 2 digit, 0 neither (ASCII). */
export const ALNUM = alnum();
/** Value of a hexadecimal digit, 255 for other bytes. */
export const HEX_VALUE = hexValues();
/** Value of a base64 or base64url character, 255 for other bytes. */
export const BASE64_VALUE = base64Values();

function textClasses(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0x30; byte <= 0x39; byte += 1) table[byte] = DIGIT;
  for (let byte = 0x41; byte <= 0x5a; byte += 1) table[byte] = UPPER;
  table[0x40] = AT;
  table[0x3a] = COLON;
  table[0x3d] = EQUALS;
  table[0x5f] = UNDERSCORE;
  table[HYPHEN] = DASH;
  table[0x3e] = GREATER;
  return table;
}

function stringFlags(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte += 1)
    if ((TEXT_CLASS[byte] ?? 0) !== ORDINARY) table[byte] = HAS_TRIGGER;
  for (let byte = 0; byte < 0x20; byte += 1) table[byte] = IS_CONTROL;
  // Lead bytes of blocks that hold digits of other scripts, spaces, dashes, ignorable or full-width characters.
  // Latin, Greek, Cyrillic, Hebrew and CJK ideographs have other lead bytes and need no folding.
  for (const lead of [0xc2, 0xcd, 0xd8, 0xd9, 0xdb, 0xdf, 0xe0, 0xe1, 0xe2, 0xe3, 0xea, 0xef])
    table[lead] = HAS_FOLD;
  for (let lead = 0xf0; lead <= 0xf4; lead += 1) table[lead] = HAS_FOLD;
  table[0x25] = HAS_ENTITY;
  table[0x26] = HAS_ENTITY;
  table[0x7c] = HAS_DELIMITER;
  table[QUOTE] = IS_QUOTE;
  table[BACKSLASH] = IS_ESCAPE;
  return table;
}

function alnum(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0x30; byte <= 0x39; byte += 1) table[byte] = 2;
  for (let byte = 0x41; byte <= 0x5a; byte += 1) {
    table[byte] = 1;
    table[byte + 32] = 1;
  }
  return table;
}

function hexValues(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let value = 0; value < 16; value += 1) {
    const digit = value.toString(16);
    table[digit.charCodeAt(0)] = value;
    table[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return table;
}

function base64Values(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let value = 0; value < 64; value += 1) table[alphabet.charCodeAt(value)] = value;
  table[HYPHEN] = 62;
  table[0x5f] = 63;
  return table;
}

/** Whether a byte is an ASCII digit. */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether a byte is an ASCII letter or digit, or part of a letter of another script. */
export function isWordByte(byte: number): boolean {
  return (ALNUM[byte] ?? 0) !== 0 || byte >= 0x80;
}

const encoder = new TextEncoder();

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of bytes that are known to be ASCII (labels, digits, tokens). */
export function asciiText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}
