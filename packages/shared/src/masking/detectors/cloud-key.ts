import { ALNUM, isDigit } from '../bytes.ts';
import type { Text, TokenDetector } from '../detector.ts';

/** Cloud providers' keys that have their own look: AWS access key ids, Google API keys, Azure storage keys. */
export const cloudKey: TokenDetector = {
  name: 'cloud-key',
  entity: 'CLOUD_KEY',
  confidence: 0.99,
  on: 'token',
  min: 4,
  max: 128,
  mixed: false,
  detect(text) {
    const first = text.byte(text.tokenFrom);
    if (first !== 0x41 || text.byte(text.tokenFrom - 1) === 0x5f) return false;
    return awsKeyId(text) || googleKey(text);
  },
};

const AWS = ['AKIA', 'ASIA', 'AGPA', 'AIDA', 'AROA', 'AIPA', 'ANPA', 'ANVA', 'ABIA', 'ACCA'];

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: a prefix and 16 of base 32. */
function awsKeyId(text: Text): boolean {
  if (text.tokenTo - text.tokenFrom !== 20 || !AWS.some((prefix) => text.startsWith(prefix, text.tokenFrom)))
    return false;
  for (let at = text.tokenFrom; at < text.tokenTo; at += 1) if (text.byte(at) > 0x5a) return false;
  return text.found(text.tokenFrom, text.tokenTo);
}

function googleKey(text: Text): boolean {
  if (!text.startsWith('AIza', text.tokenFrom)) return false;
  let at = text.tokenFrom;
  while (at < text.limit && at - text.tokenFrom < 40 && keyByte(text.byte(at))) at += 1;
  return at - text.tokenFrom === 39 && text.found(text.tokenFrom, at);
}

function keyByte(byte: number): boolean {
  return (ALNUM[byte] ?? 0) !== 0 || isDigit(byte) || byte === 0x5f || byte === 0x2d;
}
