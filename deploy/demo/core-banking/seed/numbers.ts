/**
 * Numbers that pass their check and belong to nobody: what a masking rule must find, without a real person behind it.
 */

/** Check digit of the Luhn formula (ISO/IEC 7812-1 annex B) for the digits before it. */
export function luhnDigit(payload: string): string {
  let sum = 0;
  for (let index = 0; index < payload.length; index += 1) {
    const digit = Number(payload[payload.length - 1 - index]);
    // The rightmost payload digit stands beside the check digit, so it is the first that is doubled.
    const doubled = index % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return String((10 - (sum % 10)) % 10);
}

/** Prefixes that card schemes publish for tests; no issuer uses the numbers built on them. */
const TEST_PREFIXES: readonly { scheme: string; prefix: string; length: number }[] = [
  { scheme: 'visa', prefix: '42424242', length: 16 },
  { scheme: 'visa', prefix: '40000000', length: 16 },
  { scheme: 'mastercard', prefix: '55555555', length: 16 },
  { scheme: 'mastercard', prefix: '22230000', length: 16 },
  { scheme: 'amex', prefix: '37828224', length: 15 },
];

/** The card number with the given place in the series: test prefix, serial, Luhn digit. */
export function testCardNumber(index: number): { scheme: string; number: string } {
  const kind = TEST_PREFIXES[index % TEST_PREFIXES.length];
  if (kind === undefined) throw new RangeError('a card needs a non-negative index');
  const serial = String(index).padStart(kind.length - kind.prefix.length - 1, '0');
  const payload = kind.prefix + serial;
  return { scheme: kind.scheme, number: payload + luhnDigit(payload) };
}

/** IBAN (ISO 13616) with its mod-97 check digits (ISO 7064). */
export function iban(country: string, bban: string): string {
  const digits = `${bban}${country}00`.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  let remainder = 0;
  for (const digit of digits) remainder = (remainder * 10 + Number(digit)) % 97;
  return country + String(98 - remainder).padStart(2, '0') + bban;
}

/**
 * Bank codes that no bank has: GB bank identifier `SLPT`, German codes that begin with 9 (clearing areas are 1 to 8),
 * Dutch bank identifier `SLPT`.
 */
export function testIban(index: number): { iban: string; currency: 'GBP' | 'EUR' } {
  const serial = String(10_000_000 + ((index * 7_919) % 89_999_999));
  switch (index % 3) {
    case 0:
      return { iban: iban('GB', `SLPT990099${serial}`), currency: 'GBP' };
    case 1:
      return { iban: iban('DE', `9990099900${serial}`), currency: 'EUR' };
    default:
      return { iban: iban('NL', `SLPT00${serial}`), currency: 'EUR' };
  }
}

/**
 * A number in the form of a US social security number that was never issued: areas 900 to 999 are not assigned
 * (SSA), and the groups 70–88, 90–92 and 94–99 that tax authorities use there are left out too.
 */
export function testSsn(index: number): string {
  const area = 900 + (index % 100);
  const group = 1 + (Math.floor(index / 100) % 60);
  const serial = 1 + ((index * 37) % 9_999);
  return `${area}-${String(group).padStart(2, '0')}-${String(serial).padStart(4, '0')}`;
}

/** Telephone numbers kept for fiction: 555-0100 to 555-0199 (NANP). */
export function testPhone(index: number): string {
  const areas = ['202', '303', '415', '617', '713'];
  return `+1-${areas[index % areas.length]}-555-01${String(index % 100).padStart(2, '0')}`;
}
