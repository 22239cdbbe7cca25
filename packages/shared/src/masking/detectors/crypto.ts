import { createHash } from 'node:crypto';
import { ALNUM, HEX_VALUE, isDigit } from '../bytes.ts';
import type { Text, TokenDetector } from '../detector.ts';
import { CRYPTO } from '../words.ts';

/**
 * Addresses of cryptocurrencies: Base58Check (Bitcoin, Litecoin, Dogecoin, Dash, Tron, Ripple's alphabet), Bech32 and
 * Bech32m (BIP 173, 350), and Ethereum's 0x with 40 hexadecimal digits. Checksums are verified where there are any.
 */
export const crypto: TokenDetector = {
  name: 'crypto-address',
  entity: 'CRYPTO_ADDRESS',
  confidence: 0.99,
  on: 'token',
  min: 25,
  max: 95,
  mixed: true,
  detect(text) {
    const size = text.tokenTo - text.tokenFrom;
    const found =
      (size === 42 && ethereum(text)) ||
      (size <= 35 && base58Check(text)) ||
      (size >= 39 && bech32(text)) ||
      (size >= 42 && size <= 44 && named(text));
    return found && text.found(text.tokenFrom, text.tokenTo);
  },
};

function ethereum(text: Text): boolean {
  if (text.byte(text.tokenFrom) !== 0x30 || (text.byte(text.tokenFrom + 1) | 0x20) !== 0x78) return false;
  for (let at = text.tokenFrom + 2; at < text.tokenTo; at += 1)
    if (HEX_VALUE[text.byte(at)] === 255) return false;
  return true;
}

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const RIPPLE = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz';
const BASE58 = values(ALPHABET);
const BASE58_RIPPLE = values(RIPPLE);
/** First characters of addresses: Bitcoin 1 3, Litecoin L M, Dogecoin D A 9, Dash X, Zcash t, Tron T, Ripple r. */
const FIRST = new Set([...'13LMDA9XtTr'].map((sign) => sign.charCodeAt(0)));

function values(alphabet: string): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let i = 0; i < alphabet.length; i += 1) table[alphabet.charCodeAt(i)] = i;
  return table;
}

function base58Check(text: Text): boolean {
  const first = text.byte(text.tokenFrom);
  if (!FIRST.has(first)) return false;
  const table = first === 0x72 ? BASE58_RIPPLE : BASE58;
  const bytes = new Uint8Array(26);
  let used = 0;
  for (let at = text.tokenFrom; at < text.tokenTo; at += 1) {
    let carry = table[text.byte(at)] ?? 255;
    if (carry === 255) return false;
    for (let i = 0; i < used; i += 1) {
      carry += (bytes[i] ?? 0) * 58;
      bytes[i] = carry & 255;
      carry >>= 8;
    }
    while (carry > 0) {
      if (used >= 26) return false;
      bytes[used] = carry & 255;
      used += 1;
      carry >>= 8;
    }
  }
  // Leading zero bytes (Bitcoin's version 0) have no digits; 25 or 26 bytes are an address.
  const size = Math.max(used, 25);
  const raw = bytes.slice(0, size).reverse();
  const once = createHash('sha256')
    .update(raw.subarray(0, size - 4))
    .digest();
  const sum = createHash('sha256').update(once).digest();
  return [0, 1, 2, 3].every((i) => sum[i] === raw[size - 4 + i]);
}

const BECH32 = values('qpzry9x8gf2tvdw0s3jn54khce6mua7l');
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const PREFIXES = ['bc1', 'tb1', 'ltc1'];

function bech32(text: Text): boolean {
  const first = text.byte(text.tokenFrom) | 0x20;
  const second = text.byte(text.tokenFrom + 1) | 0x20;
  if (
    !(first === 0x62 && second === 0x63) &&
    !(first === 0x74 && second === 0x62) &&
    !(first === 0x6c && second === 0x74)
  )
    return false;
  let lower = '';
  for (let at = text.tokenFrom; at < text.tokenTo; at += 1)
    lower += String.fromCharCode(text.byte(at) | (isDigit(text.byte(at)) ? 0 : 0x20));
  const prefix = PREFIXES.find((start) => lower.startsWith(start));
  if (prefix === undefined) return false;
  const human = prefix.slice(0, -1);
  let sum = 1;
  const feed = (value: number): void => {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (let i = 0; i < 5; i += 1) if (((top >>> i) & 1) === 1) sum ^= GENERATOR[i] ?? 0;
  };
  for (const sign of human) feed(sign.charCodeAt(0) >> 5);
  feed(0);
  for (const sign of human) feed(sign.charCodeAt(0) & 31);
  for (let i = prefix.length; i < lower.length; i += 1) {
    const value = BECH32[lower.charCodeAt(i)] ?? 255;
    if (value === 255) return false;
    feed(value);
  }
  return sum === 1 || sum === 0x2bc830a3;
}

/** Solana and the like: base58 of 32 bytes without a checksum, only beside a word that says so. */
function named(text: Text): boolean {
  for (let at = text.tokenFrom; at < text.tokenTo; at += 1) {
    if ((ALNUM[text.byte(at)] ?? 0) === 0 || BASE58[text.byte(at)] === 255) return false;
  }
  return (text.meaning(text.tokenFrom) & CRYPTO) !== 0;
}
