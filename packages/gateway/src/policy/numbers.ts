/**
 * What Cedar can say of a JSON number. `long` is a 64-bit integer, `decimal` has up to four fraction digits and
 * the range of a 64-bit integer divided by 10,000; `beyond` is every other number.
 */
export type CedarNumber =
  | { readonly kind: 'long' | 'decimal'; readonly text: string }
  | { readonly kind: 'beyond' };

const LEXEME = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;
const BEYOND: CedarNumber = { kind: 'beyond' };

/** Reads a JSON number's text exactly, without rounding: `1.0` and `1e3` are integers, `0.30` is `0.3`. */
export function readNumber(lexeme: string): CedarNumber {
  const match = LEXEME.exec(lexeme);
  if (match === null) return BEYOND;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  const significant = `${whole}${fraction}`.replace(/^0+/, '');
  const digits = significant.replace(/0+$/, '');
  if (digits === '') return { kind: 'long', text: '0' };
  // More digits or a larger exponent cannot be in range; and a BigInt is not made from what a client chose to send.
  const exponent = Number(exponentText);
  if (digits.length > 19 || !Number.isSafeInteger(exponent)) return BEYOND;
  const fractionDigits = fraction.length - exponent - (significant.length - digits.length);
  if (fractionDigits <= 0) {
    if (digits.length - fractionDigits > 19) return BEYOND;
    const value = BigInt(sign + digits + '0'.repeat(-fractionDigits));
    return value < LONG_MIN || value > LONG_MAX ? BEYOND : { kind: 'long', text: value.toString() };
  }
  if (fractionDigits > 4) return BEYOND;
  const scaled = BigInt(sign + digits + '0'.repeat(4 - fractionDigits));
  if (scaled < LONG_MIN || scaled > LONG_MAX) return BEYOND;
  const padded = digits.padStart(fractionDigits + 1, '0');
  const point = padded.length - fractionDigits;
  return { kind: 'decimal', text: `${sign}${padded.slice(0, point)}.${padded.slice(point)}` };
}
