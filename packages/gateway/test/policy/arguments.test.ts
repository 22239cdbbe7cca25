import { describe, expect, test } from 'vitest';
import { cedarArguments } from '../../src/policy/arguments.ts';
import { createPolicy } from '../../src/policy/index.ts';
import {
  ARGUMENT_MAX_DEPTH,
  ARGUMENT_TEXT_MAX_CHARACTERS,
  ARGUMENT_VALUES_MAX,
} from '../../src/policy/limits.ts';
import { readNumber } from '../../src/policy/numbers.ts';
import { request, rule } from './requests.ts';

describe('a number, exactly', () => {
  test.each([
    ['0', 'long', '0'],
    ['-0', 'long', '0'],
    ['-0.000e5', 'long', '0'],
    ['1.0', 'long', '1'],
    ['1e3', 'long', '1000'],
    ['1200e-2', 'long', '12'],
    ['9007199254740993', 'long', '9007199254740993'],
    ['9223372036854775807', 'long', '9223372036854775807'],
    ['-9223372036854775808', 'long', '-9223372036854775808'],
    ['0.1', 'decimal', '0.1'],
    ['-12.3400', 'decimal', '-12.34'],
    ['5e-4', 'decimal', '0.0005'],
    ['-922337203685477.5808', 'decimal', '-922337203685477.5808'],
  ])('%s is the %s %s', (lexeme, kind, text) => {
    expect(readNumber(lexeme)).toEqual({ kind, text });
  });

  test.each([
    '9223372036854775808',
    '-9223372036854775809',
    '12345678901234567890',
    '0.00001',
    '922337203685477.5808',
    '100.00000000000000000001',
    '1e400',
    '1e-400',
    `1e${'9'.repeat(400)}`,
    '9'.repeat(100_000),
  ])('%.30s is beyond Cedar', (lexeme) => {
    expect(readNumber(lexeme)).toEqual({ kind: 'beyond' });
  });
});

class Exact {
  readonly lexeme: string;
  constructor(lexeme: string) {
    this.lexeme = lexeme;
  }
}
const numberLexeme = (value: unknown) => (value instanceof Exact ? value.lexeme : undefined);

/** What a permit and a forbid with the same condition say to the same arguments. */
function outcomes(condition: string, args: unknown) {
  return (['permit', 'forbid'] as const).map((effect) => {
    const policy = createPolicy({ numberLexeme });
    const open = { name: 'open', cedar: 'permit (principal, action, resource);' };
    policy.load([{ name: effect, cedar: rule(effect, condition) }, ...(effect === 'forbid' ? [open] : [])]);
    return policy.decide(request({ arguments: () => args })).effect;
  });
}
const HOLDS = ['allow', 'deny'];
const HOLDS_NOT = ['deny', 'allow'];
const FAILS_CLOSED = ['deny', 'deny'];

describe('a condition on an argument', () => {
  test.each<[condition: string, args: unknown, expected: string[]]>([
    ['context.arguments.a == 5', { a: 5 }, HOLDS],
    ['context.arguments.a == 5', { a: 5.0 }, HOLDS],
    ['context.arguments.a == 5', { a: '5' }, HOLDS_NOT],
    ['context.arguments.a < 5', { a: '4' }, FAILS_CLOSED],
    ['context.arguments.a < 5', { a: 4.5 }, FAILS_CLOSED],
    ['context.arguments.a.lessThan(decimal("5.0"))', { a: 4.5 }, HOLDS],
    ['context.arguments.a.lessThan(decimal("5.0"))', { a: 4 }, FAILS_CLOSED],
    ['context.arguments.a.lessThan(decimal("5.0"))', { a: 0.123456 }, FAILS_CLOSED],
    ['context.arguments.a == 9007199254740993', { a: new Exact('9007199254740993') }, HOLDS],
    ['context.arguments.a == 9007199254740992', { a: new Exact('9007199254740993') }, HOLDS_NOT],
    ['context.arguments.a == 9007199254740992', { a: 9007199254740992 }, FAILS_CLOSED],
    ['context.arguments.a > 9223372036854775806', { a: new Exact('9223372036854775807') }, HOLDS],
    ['context.arguments.a > 5', { a: new Exact('12345678901234567890') }, FAILS_CLOSED],
    ['context.arguments.a == 5', { a: Number.POSITIVE_INFINITY }, FAILS_CLOSED],
    ['context.arguments.a', { a: true }, HOLDS],
    ['context.arguments has a', { a: null }, HOLDS_NOT],
    ['context.arguments.a == 5', { a: null }, FAILS_CLOSED],
    ['context.arguments.a.contains("x")', { a: ['y', 'x'] }, HOLDS],
    ['["x", "y"].containsAll(context.arguments.a)', { a: ['y', 'x', 'x'] }, HOLDS],
    ['["x", "y"].containsAll(context.arguments.a)', { a: ['x', null] }, HOLDS_NOT],
    ['["x", "y"].containsAll(context.arguments.a)', { a: [] }, HOLDS],
    ['context.arguments.a.isEmpty()', { a: [] }, HOLDS],
    ['context.arguments.a.b.c like "x*"', { a: { b: { c: 'xy' } } }, HOLDS],
    ['context.arguments.a == "é😀\\"\\\\"', { a: 'é😀"\\' }, HOLDS],
    // A client cannot say an entity or an extension value by the escapes of Cedar's JSON form.
    [
      'context.arguments.a == principal',
      { a: { __entity: { type: 'Sallyport::User', id: 'ann' } } },
      FAILS_CLOSED,
    ],
    [
      'context.arguments.a.lessThan(decimal("5.0"))',
      { a: { __extn: { fn: 'decimal', arg: '1.0' } } },
      FAILS_CLOSED,
    ],
    ['context.arguments.a == 5', JSON.parse('{"a": 5, "__proto__": {"a": 6}}'), FAILS_CLOSED],
    ['context.arguments.a.b == 5', JSON.parse('{"a": {"b": 5, "constructor": 1}}'), FAILS_CLOSED],
    ['context.arguments.toString == 5', {}, FAILS_CLOSED],
    ['context.arguments has hasOwnProperty', {}, HOLDS_NOT],
  ])('%s of %o', (condition, args, expected) => {
    expect(outcomes(condition, args)).toEqual(expected);
  });
});

describe('arguments beyond the limits are refused', () => {
  const nested = (depth: number) => Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 'x');
  test.each([
    ['too deep', { a: nested(ARGUMENT_MAX_DEPTH) }, { a: nested(ARGUMENT_MAX_DEPTH - 1) }],
    ['too many', { a: Array(ARGUMENT_VALUES_MAX).fill(1) }, { a: Array(ARGUMENT_VALUES_MAX - 1).fill(1) }],
    [
      'too much text',
      { a: 'x'.repeat(ARGUMENT_TEXT_MAX_CHARACTERS) },
      { a: 'x'.repeat(ARGUMENT_TEXT_MAX_CHARACTERS - 1) },
    ],
  ])('%s', (_title, refused, taken) => {
    expect(outcomes('context.arguments has a', refused)).toEqual(FAILS_CLOSED);
    expect(outcomes('context.arguments has a', taken)).toEqual(HOLDS);
    // What no policy reads costs nothing and refuses nothing.
    expect(outcomes('context.arguments has b', { ...refused, b: 1 })).toEqual(HOLDS);
  });

  test('what is left has no prototype', () => {
    const result = cedarArguments({ a: { b: 1 }, c: 2 }, new Set(['a']), () => undefined);
    expect(Object.keys(result)).toEqual(['a']);
    expect(Object.getPrototypeOf(result)).toBeNull();
    expect(Object.getPrototypeOf(result.a)).toBeNull();
  });
});
