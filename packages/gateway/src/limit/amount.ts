/** Tells the text of a number that the parser kept exactly; undefined for every other value. */
export type NumberLexeme = (value: unknown) => string | undefined;

const PLAIN = /^(\d{1,16})(?:\.(\d{1,16}))?$/;

/**
 * The amount that an argument states, as whole points after moving the decimal point `scale` places. Undefined where
 * it is missing, negative, not plainly a number, finer than the scale, or beyond 2^53: a budget then can't tell.
 */
export function amountAt(
  args: unknown,
  path: string,
  scale: number,
  lexemeOf: NumberLexeme,
): number | undefined {
  let at = args;
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    // Cast: an object from a JSON parser, and the member is its own.
    at = (at as Record<string, unknown>)[name];
  }
  const text = typeof at === 'number' ? String(at) : typeof at === 'string' ? at : lexemeOf(at);
  const match = text === undefined ? null : PLAIN.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction = ''] = match;
  const kept = fraction.replace(/0+$/, '');
  if (kept.length > scale) return undefined;
  const points = Number(`${whole}${kept.padEnd(scale, '0')}`);
  return Number.isSafeInteger(points) ? points : undefined;
}
