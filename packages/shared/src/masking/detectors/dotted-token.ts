import { ALNUM } from '../bytes.ts';
import type { Text, TokenDetector } from '../detector.ts';
import { TOKEN_MAX_BYTES } from '../limits.ts';
import { isRandom } from './service-token.ts';

/** Tokens whose parts are joined by dots or colons: SendGrid `SG.…`, Google `ya29.…`, Vault `hvs.…`, Telegram bots. */
export const dottedToken: TokenDetector = {
  name: 'dotted-token',
  entity: 'TOKEN',
  confidence: 0.99,
  on: 'token',
  min: 2,
  max: TOKEN_MAX_BYTES,
  mixed: false,
  detect(text) {
    const from = text.tokenFrom;
    if (text.startsWith('SG.', from)) return body(text, from, from + 3, 60);
    if (text.startsWith('ya29.', from)) return body(text, from, from + 5, 20);
    if (
      text.byte(from - 1) === 0x2e &&
      (text.startsWith('hvs.', from - 4) || text.startsWith('hvb.', from - 4))
    ) {
      return from - 4 >= text.floor && body(text, from - 4, from, 24);
    }
    if (text.startsWith('dapi', from) && text.tokenTo - from === 36)
      return isRandom(text, from + 4, text.tokenTo) && text.found(from, text.tokenTo);
    return false;
  },
};

function body(text: Text, from: number, begin: number, least: number): boolean {
  const most = Math.min(text.limit, begin + TOKEN_MAX_BYTES);
  let at = begin;
  while (at < most && isBodyByte(text.byte(at))) at += 1;
  while (at > begin && text.byte(at - 1) === 0x2e) at -= 1;
  return at - begin >= least && isRandom(text, begin, at) && text.found(from, at);
}

function isBodyByte(byte: number): boolean {
  return (ALNUM[byte] ?? 0) !== 0 || byte === 0x5f || byte === 0x2d || byte === 0x2e;
}
