import { ALNUM, isDigit } from '../bytes.ts';
import type { TokenDetector } from '../detector.ts';
import { LICENCE } from '../words.ts';

/** Driving licence numbers with letters (F162823540116, D123-4567-8901, MORGA657054SM9IJ), beside the words. */
export const licenceToken: TokenDetector = {
  name: 'driving-licence-token',
  entity: 'DRIVING_LICENCE',
  confidence: 0.8,
  on: 'token',
  min: 1,
  max: 18,
  mixed: true,
  detect(text) {
    let end = text.tokenTo;
    // Parts after single dashes or spaces belong to it as long as they begin with a digit.
    while (
      (text.byte(end) === 0x2d || text.byte(end) === 0x20) &&
      isDigit(text.byte(end + 1)) &&
      end - text.tokenFrom < 20
    ) {
      end += 1;
      while (ALNUM[text.byte(end)] !== 0 && end < text.limit) end += 1;
    }
    let digits = 0;
    for (let at = text.tokenFrom; at < end; at += 1) if (isDigit(text.byte(at))) digits += 1;
    if (digits < 4 || end - text.tokenFrom < 5 || end - text.tokenFrom > 22) return false;
    if ((text.meaning(text.tokenFrom) & LICENCE) === 0) return false;
    return text.found(text.tokenFrom, end);
  },
};
