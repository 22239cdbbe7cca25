import { isUtf8 } from 'node:buffer';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { BASE64_VALUE, HEX_VALUE } from './bytes.ts';
import { Refused } from './errors.ts';
import { UNPACKED_MAX_BYTES } from './limits.ts';

/** A packed text and the way back. */
export interface Unpacked {
  readonly bytes: Uint8Array;
  pack(bytes: Uint8Array): Uint8Array;
}

/**
 * Unpacks a base64 or hexadecimal run where it holds text, or compressed data that holds text.
 * Most runs are neither (ids, hashes, names); the first bytes tell, so that a failed try costs a constant.
 *
 * @throws Refused unpacked_too_large for a compressed text larger than a message may be.
 */
export function unpackRun(b: Uint8Array, from: number, to: number, hex: boolean): Unpacked | null {
  const head = hex ? hexHead(b, from, to) : base64Head(b, from, to);
  if (head === 0) return null;
  // The rest is decoded only if a longer start is text too: chance alone takes few runs this far.
  if (head === TEXTUAL && to - from > 200 && !startsLong(b, from, hex)) return null;
  const source = Buffer.from(b.buffer, b.byteOffset + from, to - from).toString('latin1');
  const encoding = hex ? 'hex' : source.includes('-') || source.includes('_') ? 'base64url' : 'base64';
  const raw = new Uint8Array(Buffer.from(source, encoding));
  const encode = (bytes: Uint8Array): Uint8Array =>
    new Uint8Array(Buffer.from(repack(bytes, encoding, source), 'latin1'));
  if (head === PACKED) {
    const inner = decompress(raw);
    return inner === null ? null : { bytes: inner.bytes, pack: (bytes) => encode(inner.pack(bytes)) };
  }
  return isText(raw) ? { bytes: raw, pack: encode } : null;
}

function startsLong(b: Uint8Array, from: number, hex: boolean): boolean {
  const start = Buffer.from(b.buffer, b.byteOffset + from, 128).toString('latin1');
  const raw = Buffer.from(
    start,
    hex ? 'hex' : start.includes('-') || start.includes('_') ? 'base64url' : 'base64',
  );
  // The last character may be cut in two.
  return (
    isText(raw.subarray(0, -3)) ||
    isText(raw.subarray(0, -2)) ||
    isText(raw.subarray(0, -4)) ||
    isText(raw.subarray(0, -5))
  );
}

function repack(bytes: Uint8Array, encoding: 'hex' | 'base64' | 'base64url', source: string): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding);
  if (encoding === 'hex') return /[A-F]/.test(source) ? text.toUpperCase() : text;
  const bare = text.replace(/=+$/, '');
  return source.endsWith('=') || source.length % 4 === 0
    ? bare + '='.repeat((4 - (bare.length % 4)) % 4)
    : bare;
}

/**
 * Unpacks gzip or zlib data where it holds text.
 * @throws Refused unpacked_too_large
 */
export function decompress(raw: Uint8Array): Unpacked | null {
  const gzip = raw[0] === 0x1f && raw[1] === 0x8b;
  try {
    const options = { maxOutputLength: UNPACKED_MAX_BYTES };
    const bytes = new Uint8Array(gzip ? gunzipSync(raw, options) : inflateSync(raw, options));
    return isText(bytes) ? { bytes, pack: (inner) => (gzip ? gzipSync(inner) : deflateSync(inner)) } : null;
  } catch (thrown) {
    if (thrown instanceof RangeError || (thrown as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new Refused('unpacked_too_large', 'the answer holds compressed data too large to examine');
    }
    return null;
  }
}

/** Whether bytes are UTF-8 and hold no control characters but white space. */
export function isText(bytes: Uint8Array): boolean {
  for (const byte of bytes)
    if (byte < 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09 && byte !== 0x0c) return false;
  return isUtf8(bytes);
}

const TEXTUAL = 1;
const PACKED = 2;

function base64Head(b: Uint8Array, from: number, to: number): number {
  if (to - from < 8) return 0;
  const head = new Uint8Array(9);
  let bits = 0;
  let held = 0;
  let size = 0;
  for (let at = from; at < to && size < 9; at += 1) {
    const value = BASE64_VALUE[b[at] ?? 0] ?? 255;
    if (value === 255) break;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      const byte = (bits >> held) & 255;
      if (size >= 1 && head[0] !== 0x1f && head[0] !== 0x78 && byte < 0x80 && !isTextByte(byte)) return 0;
      head[size] = byte;
      size += 1;
    }
  }
  return headKind(head, size);
}

function hexHead(b: Uint8Array, from: number, to: number): number {
  const head = new Uint8Array(9);
  let size = 0;
  for (let at = from; at + 1 < to && size < 9; at += 2) {
    head[size] = (HEX_VALUE[b[at] ?? 0] ?? 0) * 16 + (HEX_VALUE[b[at + 1] ?? 0] ?? 0);
    size += 1;
  }
  return headKind(head, size);
}

function headKind(head: Uint8Array, size: number): number {
  if (size >= 2 && head[0] === 0x1f && head[1] === 0x8b) return PACKED;
  if (startsText(head, size)) return TEXTUAL;
  // zlib (RFC 1950 §2.2): compression method 8, and the two bytes are a multiple of 31.
  return head[0] === 0x78 && (((head[0] ?? 0) << 8) | (head[1] ?? 0)) % 31 === 0 ? PACKED : 0;
}

/** Whether bytes begin like UTF-8 text: a random byte sequence seldom does. */
function startsText(head: Uint8Array, size: number): boolean {
  let tail = 0;
  for (let i = 0; i < size; i += 1) {
    const byte = head[i] ?? 0;
    if (tail > 0) {
      if (byte < 0x80 || byte >= 0xc0) return false;
      tail -= 1;
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) return false;
      tail = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    } else if (!isTextByte(byte)) {
      return false;
    }
  }
  return true;
}

function isTextByte(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
