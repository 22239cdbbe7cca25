/**
 * Values that are valid by their checksums, ways to write them down, and places to put them. Everything comes from a
 * seed, so that a failure can be seen again.
 */
import { createHash } from 'node:crypto';

/** Random choices from a seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 ≤ n < limit */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * limit);
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  digits(count: number): string {
    return Array.from({ length: count }, () => this.below(10)).join('');
  }

  letters(count: number, alphabet = 'abcdefghijklmnopqrstuvwxyz'): string {
    return Array.from({ length: count }, () => alphabet[this.below(alphabet.length)]).join('');
  }
}

/** A value to hide: what it is, how it is written plainly, and words that name it. */
export interface Planted {
  readonly entity: string;
  readonly value: string;
  /** Words without which the value means nothing; '' where it speaks for itself. */
  readonly label: string;
  /** A key for it in structured content. */
  readonly key: string;
}

export function luhnDigit(body: string): string {
  let sum = 0;
  for (let i = 0; i < body.length; i += 1) {
    let digit = Number(body[body.length - 1 - i]);
    if (i % 2 === 0) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return String((10 - (sum % 10)) % 10);
}

const CARDS: readonly (readonly [string, number])[] = [
  ['4', 16],
  ['4', 19],
  ['51', 16],
  ['55', 16],
  ['2221', 16],
  ['2720', 16],
  ['34', 15],
  ['37', 15],
  ['36', 14],
  ['3056', 14],
  ['6011', 16],
  ['65', 16],
  ['3528', 16],
  ['3589', 16],
  ['62', 16],
  ['62', 19],
  ['5018', 12],
  ['6759', 16],
  ['6304', 19],
];

export function card(dice: Dice): string {
  const [prefix, size] = dice.pick(CARDS);
  const body = prefix + dice.digits(size - prefix.length - 1);
  return body + luhnDigit(body);
}

const LENGTHS: readonly (readonly [string, number, string])[] = [
  ['DE', 22, 'n'],
  ['GB', 22, 'g'],
  ['FR', 27, 'n'],
  ['NL', 18, 'g'],
  ['ES', 24, 'n'],
  ['IT', 27, 'i'],
  ['NO', 15, 'n'],
  ['BE', 16, 'n'],
  ['PL', 28, 'n'],
  ['MT', 31, 'm'],
  ['CH', 21, 'n'],
  ['SE', 24, 'n'],
];

export function iban(dice: Dice): string {
  const [country, size, form] = dice.pick(LENGTHS);
  const rest = size - 4;
  const capitals = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  let bban = dice.digits(rest);
  if (form === 'g') bban = dice.letters(4, capitals) + dice.digits(rest - 4);
  if (form === 'i') bban = dice.letters(1, capitals) + dice.digits(rest - 1);
  if (form === 'm')
    bban = dice.letters(4, capitals) + dice.digits(5) + dice.letters(rest - 9, `${capitals}0123456789`);
  const numeric = `${bban}${country}00`.replace(/[A-Z]/g, (sign) => String(sign.charCodeAt(0) - 55));
  const check = 98 - Number(BigInt(numeric) % 97n);
  return `${country}${String(check).padStart(2, '0')}${bban}`;
}

export function routing(dice: Dice): string {
  for (;;) {
    const body = dice.pick(['01', '02', '06', '12', '26', '31']) + dice.digits(6);
    const weights = [3, 7, 1, 3, 7, 1, 3, 7];
    const sum = weights.reduce((total, weight, i) => total + weight * Number(body[i]), 0);
    return body + String((10 - (sum % 10)) % 10);
  }
}

export function bitcoin(dice: Dice): string {
  const bytes = Buffer.from([0, ...Array.from({ length: 20 }, () => dice.below(256))]);
  const sum = createHash('sha256')
    .update(createHash('sha256').update(bytes).digest())
    .digest()
    .subarray(0, 4);
  const full = Buffer.concat([bytes, sum]);
  let value = BigInt(`0x${full.toString('hex')}`);
  let out = '';
  while (value > 0n) {
    out = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'[Number(value % 58n)] + out;
    value /= 58n;
  }
  for (const byte of full) {
    if (byte !== 0) break;
    out = `1${out}`;
  }
  return out;
}

const two = (n: number): string => String(n).padStart(2, '0');
const area = (dice: Dice): string => `${2 + dice.below(7)}${two(12 + dice.below(80))}`;

/** Makers of one value each. */
export const MAKERS: Readonly<Record<string, (dice: Dice) => Planted>> = {
  PAN: (dice) => ({ entity: 'PAN', value: card(dice), label: 'card', key: 'cardNumber' }),
  SSN: (dice) => ({
    entity: 'SSN',
    value: `${100 + dice.below(550)}-${two(1 + dice.below(99))}-${String(1 + dice.below(9998)).padStart(4, '0')}`,
    label: 'SSN',
    key: 'ssn',
  }),
  ITIN: (dice) => ({
    entity: 'ITIN',
    value: `9${two(dice.below(100))}-${70 + dice.below(19)}-${1000 + dice.below(8999)}`,
    label: 'ITIN',
    key: 'itin',
  }),
  IBAN: (dice) => ({ entity: 'IBAN', value: iban(dice), label: 'IBAN', key: 'iban' }),
  ROUTING_NUMBER: (dice) => ({
    entity: 'ROUTING_NUMBER',
    value: routing(dice),
    label: 'routing number',
    key: 'routingNumber',
  }),
  ACCOUNT_NUMBER: (dice) => ({
    entity: 'ACCOUNT_NUMBER',
    value: `${1 + dice.below(9)}${dice.digits(7 + dice.below(5))}`,
    label: 'account number',
    key: 'account_number',
  }),
  BIC: (dice) => ({
    entity: 'BIC',
    value: `${dice.letters(4, 'BCDEFGHKLMNP')}${dice.pick(['DE', 'US', 'GB', 'FR'])}${dice.letters(2, 'FHMX')}`,
    label: 'SWIFT code',
    key: 'swift',
  }),
  PHONE: (dice) => ({
    entity: 'PHONE',
    value: `${area(dice)}-${200 + dice.below(799)}-${String(dice.below(10_000)).padStart(4, '0')}`,
    label: 'phone',
    key: 'phone',
  }),
  E164: (dice) => ({
    entity: 'PHONE',
    value: `+${dice.pick(['1', '44', '49', '33', '46', '91', '351'])}${2 + dice.below(7)}${dice.digits(9)}`,
    label: 'phone',
    key: 'mobile',
  }),
  EMAIL: (dice) => ({
    entity: 'EMAIL',
    value: `${dice.letters(3 + dice.below(6))}${dice.pick(['.', '_', '-', '+', ''])}${dice.letters(4)}${dice.below(100)}@${dice.letters(6)}.${dice.pick(['com', 'co.uk', 'de', 'example.org', 'io'])}`,
    label: 'e-mail',
    key: 'email',
  }),
  IPV4: (dice) => ({
    entity: 'IP',
    value: `${1 + dice.below(120)}.${dice.below(256)}.${dice.below(256)}.${1 + dice.below(254)}`,
    label: 'address',
    key: 'ip',
  }),
  IPV6: (dice) => ({
    entity: 'IP',
    value: `2001:db8:${dice.below(65_535).toString(16)}::${(4096 + dice.below(61_000)).toString(16)}:${(1 + dice.below(65_000)).toString(16)}`,
    label: 'address',
    key: 'ip6',
  }),
  PASSPORT: (dice) => ({
    entity: 'PASSPORT',
    value: `${dice.letters(1, 'CFGHJKLMNPRTVWXYZ')}${dice.digits(8)}`,
    label: 'passport number',
    key: 'passport_number',
  }),
  DRIVING_LICENCE: (dice) => ({
    entity: 'DRIVING_LICENCE',
    value: `${dice.letters(1, 'ABCDEFGHM')}${dice.digits(12)}`,
    label: "driver's license",
    key: 'driverLicense',
  }),
  DATE_OF_BIRTH: (dice) => ({
    entity: 'DATE_OF_BIRTH',
    value: `${1940 + dice.below(65)}-${two(1 + dice.below(12))}-${two(1 + dice.below(28))}`,
    label: 'date of birth',
    key: 'dateOfBirth',
  }),
  CRYPTO_ADDRESS: (dice) => ({
    entity: 'CRYPTO_ADDRESS',
    value: bitcoin(dice),
    label: 'wallet',
    key: 'wallet',
  }),
  CLOUD_KEY: (dice) => ({
    entity: 'CLOUD_KEY',
    value: `AKIA${dice.letters(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`,
    label: 'key',
    key: 'awsKeyId',
  }),
  TOKEN: (dice) => ({
    entity: 'TOKEN',
    value: `ghp_${dice.letters(34, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789')}a1B2`,
    label: 'token',
    key: 'github',
  }),
  JWT: (dice) => ({
    entity: 'JWT',
    value: `eyJhbGciOiJIUzI1NiJ9.eyJ${dice.letters(40, 'ABCDEFGHabcdefgh0123456789')}.${dice.letters(43, 'ABCDEFGHabcdefgh0123456789-_')}`,
    label: 'jwt',
    key: 'jwt',
  }),
  PASSWORD: (dice) => ({
    entity: 'PASSWORD',
    value: `${dice.letters(5)}${dice.digits(3)}${dice.pick(['!', '#', ''])}x`,
    label: 'password:',
    key: 'password',
  }),
};
