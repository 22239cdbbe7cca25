import { compilePlan, maskMessage } from '@sallyport/shared/masking';

const NAMES = [
  'cvv',
  'cvv2',
  'cvc',
  'cvc2',
  'csc',
  'cid',
  'cav2',
  'card_security_code',
  'security_code',
  'card_verification_value',
  'card_verification_code',
  'verification_value',
  'pin',
  'pin_code',
  'pin_block',
  'card_pin',
  'atm_pin',
];

/** Digits beside a word that says what they are. */
const WORDS = ['cvv', 'cvv2', 'cvc', 'cvc2', 'csc', 'cav2', 'security code', 'verification code', 'pin'];

const plan = compilePlan({
  rules: [
    { name: 'card-code-named', match: { keys: NAMES }, entity: 'CARD_CODE', action: { kind: 'redact' } },
    { name: 'card-code-column', match: { columns: NAMES }, entity: 'CARD_CODE', action: { kind: 'redact' } },
    {
      name: 'card-code-said',
      match: { pattern: '\\b(?P<value>\\d{3,6})\\b' },
      entity: 'CARD_CODE',
      action: { kind: 'redact' },
      context: WORDS,
    },
  ],
  images: 'pass',
  audio: 'pass',
  binary: 'pass',
  unknownCarriers: 'scan',
});

/** Letters that every name has, also in an escape: nearly every message has none, and is not read any further. */
const MAY_HAVE = /c[vsai][vcd2]|security|verification|pin|\\u/i;

/**
 * The message without card security codes and PINs, which are stored in no form (PCI DSS 3.3.1). The same buffer where
 * there are none; undefined where it can't be read closely enough to tell.
 */
export function withoutCardCodes(raw: Buffer): Buffer | undefined {
  if (!MAY_HAVE.test(raw.toString('latin1'))) return raw;
  const { masked, refused } = maskMessage(raw, plan);
  if (refused !== undefined) return undefined;
  if (masked === raw) return raw;
  return Buffer.from(masked.buffer, masked.byteOffset, masked.length);
}
