/**
 * Folding: what a character looks like to a reader who types digits. Full-width forms and digits of other scripts
 * become ASCII, spaces and dashes of all kinds become one, characters that can't be seen disappear (THREATS.md,
 * Masking evasion). Everything else stays, so that customers' patterns see the text itself.
 */

/** The character disappears. */
export const NOTHING = -1;
/** The character stays as it is. */
export const SAME = -2;

/** First code point of each run of ten decimal digits (Unicode general category Nd), ASCII left out. */
const DIGIT_ZEROS = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
  0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
  0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0,
  0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950,
  0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce,
  0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

const remembered = new Map<number, number>();

/** The ASCII code that stands for a code point, NOTHING, or SAME. */
export function fold(codePoint: number): number {
  if (codePoint < 0x80) return SAME;
  const known = remembered.get(codePoint);
  if (known !== undefined) return known;
  const folded = foldAnew(codePoint);
  if (remembered.size > 4096) remembered.clear();
  remembered.set(codePoint, folded);
  return folded;
}

function foldAnew(codePoint: number): number {
  if (isIgnorable(codePoint)) return NOTHING;
  for (const zero of DIGIT_ZEROS) {
    if (codePoint >= zero && codePoint < zero + 10) return 0x30 + codePoint - zero;
  }
  if (isSpace(codePoint)) return 0x20;
  if (
    (codePoint >= 0x2010 && codePoint <= 0x2015) ||
    codePoint === 0x2212 ||
    codePoint === 0x2043 ||
    codePoint === 0xfe58 ||
    codePoint === 0x30fb
  ) {
    return 0x2d;
  }
  if (
    codePoint === 0x2024 ||
    codePoint === 0xb7 ||
    codePoint === 0x2022 ||
    codePoint === 0x2027 ||
    codePoint === 0x3002
  )
    return 0x2e;
  // Full-width, mathematical, circled, superscript: what compatibility decomposition makes one ASCII character.
  const plain = String.fromCodePoint(codePoint).normalize('NFKC');
  const code = plain.length === 1 ? plain.charCodeAt(0) : 0;
  if (code > 0x20 && code < 0x7f) return code;
  const circled = /^[(]?(\d)[).]?$/.exec(plain)?.[1];
  return circled === undefined ? SAME : circled.charCodeAt(0);
}

function isSpace(codePoint: number): boolean {
  return (
    codePoint === 0xa0 ||
    codePoint === 0x1680 ||
    (codePoint >= 0x2000 && codePoint <= 0x200a) ||
    codePoint === 0x2028 ||
    codePoint === 0x2029 ||
    codePoint === 0x202f ||
    codePoint === 0x205f ||
    codePoint === 0x3000 ||
    codePoint === 0x2800
  );
}

/** Default_Ignorable_Code_Point, bidirectional controls, soft hyphen, combining grapheme joiner, tags. */
function isIgnorable(codePoint: number): boolean {
  return (
    codePoint === 0xad ||
    codePoint === 0x34f ||
    codePoint === 0x61c ||
    codePoint === 0x115f ||
    codePoint === 0x1160 ||
    codePoint === 0x17b4 ||
    codePoint === 0x17b5 ||
    (codePoint >= 0x180b && codePoint <= 0x180f) ||
    (codePoint >= 0x200b && codePoint <= 0x200f) ||
    (codePoint >= 0x202a && codePoint <= 0x202e) ||
    (codePoint >= 0x2060 && codePoint <= 0x206f) ||
    codePoint === 0x3164 ||
    (codePoint >= 0xfe00 && codePoint <= 0xfe0f) ||
    codePoint === 0xfeff ||
    codePoint === 0xffa0 ||
    (codePoint >= 0xfff0 && codePoint <= 0xfff8) ||
    codePoint === 0x20e3 ||
    (codePoint >= 0x1bca0 && codePoint <= 0x1bca3) ||
    (codePoint >= 0x1d173 && codePoint <= 0x1d17a) ||
    (codePoint >= 0xe0000 && codePoint <= 0xe0fff)
  );
}
