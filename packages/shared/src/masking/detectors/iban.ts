import { ALNUM, isDigit } from '../bytes.ts';
import type { Text, TokenDetector } from '../detector.ts';

/**
 * IBANs (ISO 13616): country, its length, two check digits, MOD-97; plain or in groups, either case. The check digits
 * make context needless.
 */
export const iban: TokenDetector = {
  name: 'iban',
  entity: 'IBAN',
  confidence: 0.99,
  on: 'token',
  min: 2,
  max: 64,
  mixed: false,
  detect(text) {
    const last = Math.min(text.tokenTo - 2, text.tokenFrom + 8);
    // The country code may stand behind letters that a careless writer left no space after: "IBANGB82WEST…".
    for (let at = text.tokenFrom; at <= last; at += 1) {
      if (ALNUM[text.byte(at)] !== 1) return false;
      if (at > text.tokenFrom && at - text.tokenFrom !== 4) continue;
      const length = lengthFor(text.byte(at), text.byte(at + 1));
      if (length > 0 && nextIsCheck(text, at + 2) && verified(text, at, length)) return true;
    }
    return false;
  },
};

/** The two check digits follow at once or behind one separator. */
function nextIsCheck(text: Text, at: number): boolean {
  const skip = isDigit(text.byte(at)) ? 0 : 1;
  return (
    isDigit(text.byte(at + skip)) && (isDigit(text.byte(at + skip + 1)) || !isAlnum(text.byte(at + skip + 1)))
  );
}

function isAlnum(byte: number): boolean {
  return (ALNUM[byte] ?? 0) !== 0;
}

/** Reads `length` characters over separators and checks ISO 7064 MOD 97-10, the first four counted last. */
function verified(text: Text, from: number, length: number): boolean {
  let rest = 0;
  let head = 0;
  let headDigits = 1;
  let seen = 0;
  let gap = 0;
  let at = from;
  while (seen < length) {
    const byte = text.byte(at);
    if (!isAlnum(byte)) {
      gap += 1;
      if (gap > 2 || !isSeparator(byte)) return false;
      at += 1;
      continue;
    }
    gap = 0;
    const digit = isDigit(byte);
    if ((seen === 2 || seen === 3) && !digit) return false;
    const value = digit ? byte - 0x30 : (byte | 0x20) - 0x57;
    if (seen < 4) {
      head = (head * (digit ? 10 : 100) + value) % 97;
      headDigits *= digit ? 10 : 100;
    } else {
      rest = (rest * (digit ? 10 : 100) + value) % 97;
    }
    seen += 1;
    at += 1;
  }
  if (isAlnum(text.byte(at)) && at < text.limit) return false;
  return (rest * (headDigits % 97) + head) % 97 === 1 && text.found(from, at);
}

function isSeparator(byte: number): boolean {
  return (
    byte === 0x20 ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x5f ||
    byte === 0x2f ||
    byte === 0x0a ||
    byte === 0x0d
  );
}

const lengths = new Uint8Array(26 * 26);
/** Lengths by country (SWIFT IBAN Registry). */
const REGISTRY =
  'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 DZ26 AO25 BJ28 BF28 CM27 CV25 CF27 TD27 KM27 CG27 CI28 GA27 GQ27 GW25 IR26 MA28 MG27 ML28 MZ25 NE28 SN28 TG28';
for (const entry of REGISTRY.split(' ')) {
  lengths[(entry.charCodeAt(0) - 0x41) * 26 + entry.charCodeAt(1) - 0x41] = Number(entry.slice(2));
}

function lengthFor(a: number, b: number): number {
  const first = (a | 0x20) - 0x61;
  const second = (b | 0x20) - 0x61;
  return first >= 0 && first < 26 && second >= 0 && second < 26 ? (lengths[first * 26 + second] ?? 0) : 0;
}
