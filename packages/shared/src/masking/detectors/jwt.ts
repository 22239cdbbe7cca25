import { BASE64_VALUE } from '../bytes.ts';
import type { Text, TokenDetector } from '../detector.ts';
import { TOKEN_MAX_BYTES } from '../limits.ts';

/** JSON Web Tokens (RFC 7519): three base64url parts of which the first two begin like `{"`. Unsigned ones too. */
export const jwt: TokenDetector = {
  name: 'jwt',
  entity: 'JWT',
  confidence: 0.99,
  on: 'token',
  min: 3,
  max: TOKEN_MAX_BYTES,
  mixed: false,
  detect(text) {
    if (!text.startsWith('eyJ', text.tokenFrom)) return false;
    const header = partEnd(text, text.tokenFrom);
    if (header - text.tokenFrom < 10 || text.byte(header) !== 0x2e || !text.startsWith('eyJ', header + 1))
      return false;
    const payload = partEnd(text, header + 1);
    if (text.byte(payload) !== 0x2e) return false;
    return text.found(text.tokenFrom, partEnd(text, payload + 1));
  },
};

function partEnd(text: Text, from: number): number {
  const most = Math.min(text.limit, from + TOKEN_MAX_BYTES);
  let at = from;
  while (at < most && BASE64_VALUE[text.byte(at)] !== 255 && text.byte(at) !== 0x2b && text.byte(at) !== 0x2f)
    at += 1;
  return at;
}
