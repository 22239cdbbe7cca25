import type { SignDetector, Text } from '../detector.ts';
import { PRIVATE_KEY_MAX_BYTES } from '../limits.ts';

/** Private keys in PEM and OpenSSH form, from BEGIN to END; to the end of the text where END is missing. */
export const privateKey: SignDetector = {
  name: 'private-key',
  entity: 'PRIVATE_KEY',
  confidence: 0.99,
  on: 'sign',
  signs: '-',
  detect(text, at) {
    if (text.byte(at + 5) !== 0x42 || !text.startsWith('-----BEGIN ', at)) return false;
    const label = labelEnd(text, at + 11);
    if (label === 0) return false;
    const most = Math.min(text.limit, label + PRIVATE_KEY_MAX_BYTES);
    for (let i = label; i < most; i += 1) {
      if (text.byte(i) === 0x2d && text.startsWith('-----END ', i)) {
        const end = labelEnd(text, i + 9);
        return text.found(at, end === 0 ? i : end);
      }
    }
    return text.found(at, text.limit);
  },
};

/** @returns where the dashes after a label with the words PRIVATE KEY end, 0 where it is another label. */
function labelEnd(text: Text, from: number): number {
  let at = from;
  let isPrivate = false;
  while (at < text.limit && at - from < 40 && text.byte(at) !== 0x2d) {
    if (text.byte(at) === 0x50 && text.startsWith('PRIVATE KEY', at)) isPrivate = true;
    at += 1;
  }
  return isPrivate && text.startsWith('-----', at) ? at + 5 : 0;
}
