import { ALNUM, isDigit } from '../bytes.ts';
import type { TokenDetector } from '../detector.ts';
import { BIC } from '../words.ts';

/** SWIFT/BIC codes (ISO 9362): four letters, a country that exists, two, and three more or none; beside the words. */
export const bic: TokenDetector = {
  name: 'bic',
  entity: 'BIC',
  confidence: 0.8,
  on: 'token',
  min: 8,
  max: 11,
  mixed: false,
  detect(text) {
    const size = text.tokenTo - text.tokenFrom;
    if (size !== 8 && size !== 11) return false;
    for (let i = 0; i < 6; i += 1) if (ALNUM[text.byte(text.tokenFrom + i)] !== 1) return false;
    for (let i = 0; i < size; i += 1) {
      const byte = text.byte(text.tokenFrom + i);
      if (byte > 0x5a && text.keyBits === 0) return false;
      if (i < 6 && isDigit(byte)) return false;
    }
    if (!isCountry(text.byte(text.tokenFrom + 4), text.byte(text.tokenFrom + 5))) return false;
    return (text.meaning(text.tokenFrom) & BIC) !== 0 && text.found(text.tokenFrom, text.tokenTo);
  },
};

/** ISO 3166-1 alpha-2, and XK for Kosovo, which ISO 9362 uses. */
const COUNTRIES = new Set(
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW'
    .split(' ')
    .map((code) => (code.charCodeAt(0) << 8) | code.charCodeAt(1)),
);

function isCountry(a: number, b: number): boolean {
  return COUNTRIES.has(((a & 0xdf) << 8) | (b & 0xdf));
}
