import { RE2JS } from 're2js';
import { PATTERN_MAX_CHARS } from './limits.ts';

/** A pattern of a schema, compiled. */
export interface Pattern {
  test(text: string): boolean;
  /** The pattern's own text: ajv tells patterns apart by it. */
  toString(): string;
  /** Whether it takes linear time. One that doesn't must only run under a limit of time. */
  readonly linear: boolean;
}

/**
 * Compiles a pattern of a schema (ECMA-262, JSON Schema 2020-12 §6.4): by RE2 where it can, in linear time; with
 * look-around or back-references, which common generators of schemas write, as it is.
 *
 * @throws Error where it is too long or no pattern
 */
export function compilePattern(pattern: string): Pattern {
  if (pattern.length > PATTERN_MAX_CHARS)
    throw new Error(`a pattern is longer than ${PATTERN_MAX_CHARS} characters`);
  const own = new RegExp(pattern, 'u');
  const text = `/${pattern}/u`;
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(own));
    return { test: (given) => compiled.matcher(given).find(), linear: true, toString: () => text };
  } catch {
    return { test: (given) => own.test(given), linear: false, toString: () => text };
  }
}
