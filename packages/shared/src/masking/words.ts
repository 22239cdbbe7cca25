import { ALNUM, utf8 } from './bytes.ts';
import { maskedFormEnd } from './masked-form.ts';

/**
 * Words that say what a value beside them is. A word's meaning is a set of bits, so that a key, a column's name and
 * the words before a number are all read into one integer.
 */

export const CARD = 1 << 0;
export const SSN = 1 << 1;
export const PHONE = 1 << 2;
export const ACCOUNT = 1 << 3;
export const ROUTING = 1 << 4;
export const BIC = 1 << 5;
export const PASSPORT = 1 << 6;
export const LICENCE = 1 << 7;
export const BIRTH = 1 << 8;
export const SECRET = 1 << 9;
/** Says phone only where the number looks like one: "call", "messages to". */
export const PHONE_WEAK = 1 << 10;
/** A phone's place: says phone after a number ("office"), and before one only like a weak word. */
export const PHONE_PLACE = 1 << 26;
export const IBAN = 1 << 11;
export const CRYPTO = 1 << 12;
/** Halves of phrases: "driver's" + "license", "tax" + "id". */
const DRIVER = 1 << 13;
const LICENCE_WORD = 1 << 14;
const TAX = 1 << 15;
const ID_WORD = 1 << 16;
const KEY_WORD = 1 << 17;
const ACCESS = 1 << 18;
const DATE = 1 << 19;
const BANK = 1 << 20;
/** The value is named as something harmless: order, invoice, version. */
export const HARMLESS = 1 << 21;
export const VERSION = 1 << 22;
const FILLER = 1 << 23;
const NUMBER = 1 << 24;
const TOKEN_WORD = 1 << 25;

/** Every meaning that makes a value worth masking. */
export const ANY_MEANING =
  CARD |
  SSN |
  PHONE |
  ACCOUNT |
  ROUTING |
  BIC |
  PASSPORT |
  LICENCE |
  BIRTH |
  SECRET |
  PHONE_WEAK |
  PHONE_PLACE |
  IBAN |
  CRYPTO;

const VOCABULARY: readonly (readonly [number, string])[] = [
  [
    CARD,
    'card cards creditcard debitcard visa mastercard amex maestro discover diners unionpay jcb pan cc ccn ccnum cardnumber cardno cardnum kreditkarte carte tarjeta',
  ],
  [SSN, 'ssn ssns social socialsecurity socialsecuritynumber ssnumber itin taxpayer tin'],
  [
    PHONE,
    'phone phones telephone tel telefon mobile mobil cell cellphone cellular fax sms whatsapp landline phonenumber msisdn handset handy telefono telephon hotline',
  ],
  [PHONE_PLACE, 'office desk home work'],
  [
    PHONE_WEAK,
    'call calls dial text reach contact message messages registered answering ring calling texting texted called',
  ],
  [
    ACCOUNT,
    'account accounts acct accts accountnumber accountno acctno acctnum accountnum konto kontonummer checking savings iban',
  ],
  [ROUTING, 'routing aba rtn routingnumber routingno transit'],
  [BIC, 'bic swift swiftcode biccode swiftbic'],
  [PASSPORT, 'passport passports passportnumber passportno reisepass passeport pasaporte'],
  [LICENCE, 'dl dln driverslicense driverlicense driverslicence drivinglicence driverlicence'],
  [BIRTH, 'birth dob birthday birthdate dateofbirth born birthdays geburtsdatum'],
  [
    SECRET,
    'password passwords passwd pwd passphrase pass passcode secret clientsecret apikey secretkey accesstoken refreshtoken authtoken privatekey credential credentials accesskey secretaccesskey apisecret pswd accountkey sharedaccesskey authorization sessiontoken bearertoken securitytoken dbpassword userpassword',
  ],
  [IBAN, 'iban ibans'],
  [CRYPTO, 'bitcoin btc ethereum eth wallet litecoin ltc dogecoin doge monero xmr tron solana ripple xrp'],
  [DRIVER, 'driver drivers driving'],
  [LICENCE_WORD, 'license licence licenses licences permit lic'],
  [TAX, 'tax'],
  [ID_WORD, 'id ids uuid guid'],
  [KEY_WORD, 'key keys'],
  [ACCESS, 'api access client secret private auth signing encryption refresh bearer aws master'],
  [DATE, 'date'],
  [BANK, 'bank'],
  [TOKEN_WORD, 'token'],
  [NUMBER, 'number numbers no num nr nbr'],
  [
    HARMLESS,
    'order orders invoice tracking ticket timestamp epoch isbn sku upc ean imei serial commit checksum hash offset bytes size length latitude longitude lat lon lng duration elapsed sequence seq line lines port pid count total amount price quantity zip postal',
  ],
  [VERSION, 'version versions ver release build section chapter oid rev revision'],
  [
    FILLER,
    'is are was the a an my your his her our their its of for at on to in as by and or with using from this that these it me us you please value s code ending details info january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec',
  ],
];

const SLOTS = 2048;
const hashes = new Int32Array(SLOTS);
const meanings = new Int32Array(SLOTS);
for (const [bits, words] of VOCABULARY) for (const word of words.split(' ')) learn(word, bits);

function learn(word: string, bits: number): void {
  const bytes = utf8(word);
  const hash = wordHash(bytes, 0, bytes.length);
  let slot = hash & (SLOTS - 1);
  while (hashes[slot] !== 0 && hashes[slot] !== hash) slot = (slot + 1) & (SLOTS - 1);
  hashes[slot] = hash;
  meanings[slot] = (meanings[slot] ?? 0) | bits;
}

function wordHash(b: Uint8Array, from: number, to: number): number {
  let hash = 0x2f0b4a27;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ ((b[at] ?? 0) | 0x20), 0x01000193);
  return hash ^ (hash >>> 15) || 1;
}

/** The meaning of one word of letters; 0 for a word of no meaning here. A collision can only mask more. */
export function meaningOfWord(b: Uint8Array, from: number, to: number): number {
  if (to - from > 24) return 0;
  const hash = wordHash(b, from, to);
  let slot = hash & (SLOTS - 1);
  while (hashes[slot] !== 0) {
    if (hashes[slot] === hash) return meanings[slot] ?? 0;
    slot = (slot + 1) & (SLOTS - 1);
  }
  return 0;
}

/** Whether a word only joins others ("is", "number"): it doesn't count as distance. */
export function isFiller(meaning: number): boolean {
  return (meaning & (FILLER | NUMBER | ID_WORD | DATE | BANK)) !== 0;
}

/** Whether a word says id. */
export function namesId(meaning: number): boolean {
  return (meaning & ID_WORD) !== 0;
}

/** Meanings that an id of the thing does not share with the thing. */
export function withoutId(bits: number): number {
  return bits & ~(ACCOUNT | CARD | PHONE | PHONE_WEAK | PHONE_PLACE);
}

/** Joins the halves of phrases: driver + licence, tax + id, api + key, access + token. */
export function resolvePhrases(bits: number): number {
  let out = bits;
  if ((bits & LICENCE_WORD) !== 0 && (bits & (DRIVER | NUMBER)) !== 0) out |= LICENCE;
  if ((bits & TAX) !== 0 && (bits & ID_WORD) !== 0) out |= SSN;
  if ((bits & ACCESS) !== 0 && (bits & (KEY_WORD | TOKEN_WORD)) !== 0) out |= SECRET;
  return out & (ANY_MEANING | HARMLESS | VERSION);
}

/**
 * The meaning of a name made of words: an object key, a column, a variable. Words are split at case changes and at
 * anything that is no letter; the joined form is tried too (`phonenumber`).
 */
export function meaningOfName(b: Uint8Array, from: number, to: number): number {
  let bits = 0;
  let at = from;
  while (at < to) {
    if (ALNUM[b[at] ?? 0] !== 1) {
      // The name of a masked form is no name: masking twice must do what masking once does.
      const end = b[at] === 0x5b ? maskedFormEnd(b, at, to) : -1;
      if (end > 0) return 0;
      at += 1;
      continue;
    }
    const end = wordEnd(b, at, to);
    bits |= meaningOfWord(b, at, end);
    at = end;
  }
  return nameBits(bits | meaningOfLetters(b, from, to));
}

/** The name's letters as one word: AccountKey is accountkey, phone_no is phoneno. */
function meaningOfLetters(b: Uint8Array, from: number, to: number): number {
  let size = 0;
  for (let at = from; at < to && size <= joined.length; at += 1) {
    if (ALNUM[b[at] ?? 0] === 1) joined[size++] = b[at] ?? 0;
  }
  return size > joined.length ? 0 : meaningOfWord(joined, 0, size);
}

const joined = new Uint8Array(24);

/** A name that says id, count or type of a thing is not about the thing: account_id, password_length, card_type. */
function nameBits(bits: number): number {
  let out = resolvePhrases(bits);
  if ((bits & ID_WORD) !== 0) out = withoutId(out);
  if ((bits & HARMLESS) !== 0) out &= ~(ACCOUNT | PHONE_WEAK | SECRET | CARD | PHONE);
  return out & ~(PHONE_WEAK | PHONE_PLACE);
}

/** End of the word that begins at `at`: letters up to a lower-to-upper change. */
export function wordEnd(b: Uint8Array, at: number, limit: number): number {
  let end = at + 1;
  while (end < limit && ALNUM[b[end] ?? 0] === 1) {
    if (isUpper(b[end] ?? 0) && !isUpper(b[end - 1] ?? 0)) break;
    end += 1;
  }
  return end;
}

export function isUpper(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}
