import type { TokenDetector } from '../detector.ts';
import { PASSPORT } from '../words.ts';

/** Passport numbers with letters (C01X00T47, AB1234567): 6–9 characters, four digits or more, beside the word. */
export const passportToken: TokenDetector = {
  name: 'passport-token',
  entity: 'PASSPORT',
  confidence: 0.8,
  on: 'token',
  min: 6,
  max: 10,
  mixed: true,
  detect(text) {
    let digits = 0;
    for (let at = text.tokenFrom; at < text.tokenTo; at += 1) if (text.byte(at) <= 0x39) digits += 1;
    if (digits < 4 || (text.meaning(text.tokenFrom) & PASSPORT) === 0) return false;
    return text.found(text.tokenFrom, text.tokenTo);
  },
};
