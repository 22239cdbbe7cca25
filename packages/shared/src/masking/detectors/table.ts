import type { Detector } from '../detector.ts';
import { aba } from './aba.ts';
import { account } from './account.ts';
import { bic } from './bic.ts';
import { birth } from './birth.ts';
import { cloudKey } from './cloud-key.ts';
import { crypto } from './crypto.ts';
import { dottedToken } from './dotted-token.ts';
import { email } from './email.ts';
import { iban } from './iban.ts';
import { ipv4 } from './ipv4.ts';
import { ipv6 } from './ipv6.ts';
import { itin } from './itin.ts';
import { jwt } from './jwt.ts';
import { licence } from './licence.ts';
import { licenceToken } from './licence-token.ts';
import { pan } from './pan.ts';
import { passport } from './passport.ts';
import { passportToken } from './passport-token.ts';
import { password } from './password.ts';
import { phone } from './phone.ts';
import { privateKey } from './private-key.ts';
import { serviceToken } from './service-token.ts';
import { ssn } from './ssn.ts';

/**
 * Every built-in detector. The order is that of trial: checksums before shapes, shapes before words. A detector that
 * is not in this table does not run; a plan takes those that its rules name.
 */
export const DETECTORS: readonly Detector[] = [
  pan,
  ssn,
  itin,
  ipv4,
  aba,
  birth,
  passport,
  licence,
  phone,
  account,
  jwt,
  cloudKey,
  dottedToken,
  iban,
  crypto,
  licenceToken,
  passportToken,
  bic,
  email,
  ipv6,
  password,
  serviceToken,
  privateKey,
];
