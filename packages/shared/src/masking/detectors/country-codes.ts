/**
 * ITU-T E.164 country codes that are assigned, with the most digits a number of that country has, code included.
 * Countries that are not listed by name use the general bound of 15.
 */
const BOUNDS: Readonly<Record<string, number>> = {
  1: 11,
  7: 11,
  20: 12,
  27: 11,
  30: 12,
  31: 11,
  32: 11,
  33: 11,
  34: 11,
  36: 11,
  39: 13,
  40: 11,
  41: 12,
  43: 14,
  44: 12,
  45: 10,
  46: 12,
  47: 10,
  48: 11,
  49: 14,
  51: 11,
  52: 13,
  53: 10,
  54: 13,
  55: 13,
  56: 11,
  57: 12,
  58: 12,
  60: 12,
  61: 11,
  62: 14,
  63: 12,
  64: 12,
  65: 10,
  66: 11,
  81: 12,
  82: 12,
  84: 12,
  86: 13,
  90: 12,
  91: 12,
  92: 12,
  93: 11,
  94: 11,
  95: 12,
  98: 12,
};
/** Three-digit codes by their first two digits: the third digits that are assigned. */
const THREE: Readonly<Record<string, string>> = {
  21: '1 2 3 6 8',
  22: '0 1 2 3 4 5 6 7 8 9',
  23: '0 1 2 3 4 5 6 7 8 9',
  24: '0 1 2 3 4 5 6 7 8 9',
  25: '0 1 2 3 4 5 6 7 8',
  26: '0 1 2 3 4 5 6 7 8 9',
  29: '0 1 7 8 9',
  35: '0 1 2 3 4 5 6 7 8 9',
  37: '0 1 2 3 4 5 6 7 8 9',
  38: '0 1 2 3 5 6 7 9',
  42: '0 1 3',
  50: '0 1 2 3 4 5 6 7 8 9',
  59: '0 1 2 3 4 5 6 7 8 9',
  67: '0 2 3 4 5 6 7 8 9',
  68: '0 1 2 3 5 6 7 8 9',
  69: '0 1 2',
  80: '0 8',
  85: '0 2 3 5 6',
  87: '0 8',
  88: '0 1 2 3 6 8',
  96: '0 1 2 3 4 5 6 7 8',
  97: '0 1 2 3 4 5 6 7 9',
  99: '2 3 4 5 6 8',
};

const most = new Uint8Array(1000);
for (const [code, bound] of Object.entries(BOUNDS)) most[Number(code)] = bound;
for (const [two, thirds] of Object.entries(THREE)) {
  for (const third of thirds.split(' ')) most[Number(two) * 10 + Number(third)] = 15;
}

/** Most digits of a number whose country code begins at `begin`; 0 where no such code is assigned. */
export function maxDigitsOfCountry(digits: Uint8Array, begin: number): number {
  const d1 = digits[begin] ?? 0;
  const d2 = d1 * 10 + (digits[begin + 1] ?? 0);
  const d3 = d2 * 10 + (digits[begin + 2] ?? 0);
  if (d1 === 0) return 0;
  return (d1 === 1 || d1 === 7 ? most[d1] : most[d2] || most[d3]) ?? 0;
}
