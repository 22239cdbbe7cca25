import type { MaskingRule, MediaChoice, ProfileName } from './types.ts';

/** What a profile is: rules over built-in detectors, and what happens with content that can't be read. */
export interface Profile {
  readonly rules: readonly MaskingRule[];
  readonly binary: MediaChoice;
}

const SECRETS = ['private-key', 'jwt', 'cloud-key', 'service-token', 'dotted-token', 'password'];
const GLBA = [
  'pan',
  'ssn',
  'itin',
  'iban',
  'aba',
  'account',
  'bic',
  'passport',
  'passport-token',
  'driving-licence',
  'driving-licence-token',
  'date-of-birth',
  'phone',
  'email',
];
const REST = ['ipv4', 'ipv6', 'crypto-address'];

/** The built-in profiles. Named by what they serve: PCI DSS, the Gramm-Leach-Bliley Act's NPI, keys and passwords, all. */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  PCI: { rules: [redact('PCI', ['pan'])], binary: 'refuse' },
  GLBA: { rules: [redact('GLBA', GLBA)], binary: 'refuse' },
  secrets: { rules: [redact('secrets', SECRETS)], binary: 'pass' },
  everything: { rules: [redact('everything', [...GLBA, ...SECRETS, ...REST])], binary: 'refuse' },
};

function redact(name: ProfileName, detectors: readonly string[]): MaskingRule {
  return { name, match: { detectors }, action: { kind: 'redact' } };
}
