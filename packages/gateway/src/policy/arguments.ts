import { ARGUMENT_MAX_DEPTH, ARGUMENT_TEXT_MAX_CHARACTERS, ARGUMENT_VALUES_MAX } from './limits.ts';
import { readNumber } from './numbers.ts';

/** A call's arguments cannot be said in Cedar; the call is denied with `policy_error`. */
export class ArgumentsRefused extends Error {
  override readonly name = 'ArgumentsRefused';
}

/** Tells the text of a number that the caller's parser kept exactly; undefined for every other value. */
export type NumberLexeme = (value: unknown) => string | undefined;

/**
 * Names that are refused in objects. The first three reach into JavaScript's prototypes (THREATS.md); the others are
 * escapes of Cedar's JSON form: with `{"__entity": …}` or `{"__extn": …}` a client could say an entity or a decimal
 * where policies expect its text.
 */
const REFUSED_NAMES = new Set(['__proto__', 'constructor', 'prototype', '__entity', '__extn', '__expr']);

/**
 * The arguments that policies read, as Cedar values in JSON form.
 *
 * - texts and booleans as they are; `null` members are absent; objects are records; arrays are sets
 * - a number that is an integer of 64 bits is a long; one with up to four fraction digits is a decimal
 * - every other number is a record `{"number": "<text>"}`, and `null` in an array is `{"null": true}`: no literal
 *   equals it, and comparing its size is an evaluation error, by which a permit does not permit and a forbid denies
 * - an integer beyond 2^53 that comes without its text has already been rounded, perhaps onto a number that a policy
 *   names: it is refused
 *
 * @param read names of the arguments that policies read, or `all`; the others are left out.
 * @throws ArgumentsRefused for what has no safe form, or is beyond limits.ts.
 */
export function cedarArguments(
  args: unknown,
  read: ReadonlySet<string> | 'all',
  lexemeOf: NumberLexeme,
): Record<string, unknown> {
  if (args === undefined || args === null) return Object.create(null);
  if (typeof args !== 'object' || Array.isArray(args)) {
    throw new ArgumentsRefused('the arguments are not an object');
  }
  const budget: Budget = { values: ARGUMENT_VALUES_MAX, characters: ARGUMENT_TEXT_MAX_CHARACTERS, lexemeOf };
  // An object from a JSON parser; a cast because `object` has no index signature.
  return record(args as Record<string, unknown>, budget, 1, read);
}

interface Budget {
  values: number;
  characters: number;
  readonly lexemeOf: NumberLexeme;
}

function record(
  source: Record<string, unknown>,
  budget: Budget,
  depth: number,
  read: ReadonlySet<string> | 'all' = 'all',
): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(source)) {
    if (REFUSED_NAMES.has(name)) throw new ArgumentsRefused('an argument has a name that is refused');
    if (read !== 'all' && !read.has(name)) continue;
    const value = source[name];
    if (value === null || value === undefined) continue;
    spendText(name, budget);
    result[name] = cedarValue(value, budget, depth);
  }
  return result;
}

function cedarValue(value: unknown, budget: Budget, depth: number): unknown {
  budget.values -= 1;
  if (budget.values < 0) throw new ArgumentsRefused('the arguments have too many values');
  if (typeof value === 'string') {
    spendText(value, budget);
    return value;
  }
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return plainNumber(value);
  const lexeme = budget.lexemeOf(value);
  if (lexeme !== undefined) {
    spendText(lexeme, budget);
    return exactNumber(lexeme);
  }
  if (value === null) return { null: true };
  if (typeof value !== 'object') throw new ArgumentsRefused('an argument is not a JSON value');
  if (depth >= ARGUMENT_MAX_DEPTH) throw new ArgumentsRefused('the arguments are nested too deep');
  if (Array.isArray(value)) return value.map((item) => cedarValue(item ?? null, budget, depth + 1));
  // As above: from a JSON parser.
  return record(value as Record<string, unknown>, budget, depth + 1);
}

function plainNumber(value: number): unknown {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  if (!Number.isFinite(value) || Number.isInteger(value)) {
    throw new ArgumentsRefused('a number in the arguments is too large to be read exactly');
  }
  return exactNumber(String(value));
}

function exactNumber(lexeme: string): unknown {
  const number = readNumber(lexeme);
  if (number.kind === 'decimal') return { __extn: { fn: 'decimal', arg: number.text } };
  if (number.kind === 'beyond') return { number: lexeme };
  const value = Number(number.text);
  // The engine reads the call as JSON text; `rawJSON` puts in the 19 digits that a double cannot hold.
  return Number.isSafeInteger(value) ? value : RawJson.rawJSON(number.text);
}

// In Node since 21; the ES2024 library types don't have it yet.
const RawJson = JSON as typeof JSON & { rawJSON(text: string): unknown };

function spendText(text: string, budget: Budget): void {
  budget.characters -= text.length;
  if (budget.characters < 0) throw new ArgumentsRefused('the arguments have too much text');
}
