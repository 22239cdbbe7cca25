/** One limit on one argument. All that are given must hold; an argument that is missing holds none. */
export interface ArgumentLimit {
  /** Name of an argument; dots lead into objects: `payment.amount_minor`. */
  readonly argument: string;
  /** Decimal texts, compared exactly, inclusive. */
  readonly min?: string;
  readonly max?: string;
  /** Texts, or the digits of numbers. */
  readonly oneOf?: readonly string[];
  /** Beginning of a text. */
  readonly prefix?: string;
}

/** Tells the text of a number that the parser kept exactly; undefined for every other value. */
export type NumberLexeme = (value: unknown) => string | undefined;

/**
 * Whether arguments are within all limits. Anything that can't be compared is outside: a limit that is not understood
 * must not let a call through.
 */
export function withinLimits(
  args: unknown,
  limits: readonly ArgumentLimit[],
  lexemeOf: NumberLexeme,
): boolean {
  return limits.every((limit) => holds(valueAt(args, limit.argument), limit, lexemeOf));
}

function holds(value: unknown, limit: ArgumentLimit, lexemeOf: NumberLexeme): boolean {
  const { min, max, oneOf, prefix } = limit;
  const number = numberText(value, lexemeOf);
  if (min !== undefined || max !== undefined) {
    if (number === undefined) return false;
    const exact = parseDecimal(number);
    if (exact === undefined) return false;
    if (min !== undefined && !isAtLeast(exact, parseDecimal(min))) return false;
    if (max !== undefined && !isAtLeast(parseDecimal(max), exact)) return false;
  }
  const text = typeof value === 'string' ? value : number;
  if (oneOf !== undefined && (text === undefined || !oneOf.includes(text))) return false;
  if (prefix !== undefined && (typeof value !== 'string' || !value.startsWith(prefix))) return false;
  return true;
}

function numberText(value: unknown, lexemeOf: NumberLexeme): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  return lexemeOf(value);
}

function valueAt(args: unknown, path: string): unknown {
  let at = args;
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, name))
      return undefined;
    // Cast: an object from a JSON parser, and the member is its own.
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** A decimal as digits without a point, and how many of them are behind it. */
interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

const DECIMAL = /^(-?)(\d{1,60})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,2}))?$/;

/** Reads a decimal number's text exactly; undefined where it is none, or has more digits than any amount. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : { digits, scale };
}

function isAtLeast(a: Decimal | undefined, b: Decimal | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const scale = Math.max(a.scale, b.scale);
  return a.digits * 10n ** BigInt(scale - a.scale) >= b.digits * 10n ** BigInt(scale - b.scale);
}

/** Whether one list of limits lets nothing through that another does not: for narrowing a request. */
export function isNarrower(narrow: readonly ArgumentLimit[], wide: readonly ArgumentLimit[]): boolean {
  return wide.every((outer) =>
    narrow.some((inner) => inner.argument === outer.argument && impliedBy(inner, outer)),
  );
}

function impliedBy(inner: ArgumentLimit, outer: ArgumentLimit): boolean {
  const { min, max, oneOf, prefix } = outer;
  if (
    min !== undefined &&
    !(inner.min !== undefined && isAtLeast(parseDecimal(inner.min), parseDecimal(min)))
  )
    return false;
  if (
    max !== undefined &&
    !(inner.max !== undefined && isAtLeast(parseDecimal(max), parseDecimal(inner.max)))
  )
    return false;
  if (oneOf !== undefined && !inner.oneOf?.every((value) => oneOf.includes(value))) return false;
  return prefix === undefined || (inner.prefix?.startsWith(prefix) ?? false);
}
