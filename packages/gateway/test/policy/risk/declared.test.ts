import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { itemsAt, namesTool, stepsOf, UNREADABLE, valuesAt } from '../../../src/policy/risk/declared.ts';

describe('a declared argument', () => {
  test.each([
    ['sql', [{ member: 'sql' }]],
    ['a.b', [{ member: 'a' }, { member: 'b' }]],
    ['items[].amount', [{ member: 'items' }, 'each', { member: 'amount' }]],
    ['a[][]', [{ member: 'a' }, 'each', 'each']],
    ['a\\.b.c\\[\\]', [{ member: 'a.b' }, { member: 'c[]' }]],
  ])('%s', (text, steps) => {
    expect(stepsOf(text)).toEqual(steps);
  });

  test.each(['', '.', 'a.', '.a', '[]', 'a[', 'a[0]', 'a..b', 'a\\', 'a[].'])('%j names nothing', (text) => {
    expect(stepsOf(text)).toBeUndefined();
  });

  test.each([
    ['sql', { sql: 'x' }, ['x']],
    ['sql', {}, []],
    ['sql', { sql: null }, []],
    ['sql', undefined, []],
    ['sql', { sql: ['x', ['y'], null] }, ['x', 'y', null]],
    ['toString', {}, []],
    ['a.b', { a: { b: 1 } }, [1]],
    ['a.b', { a: [{ b: 1 }, { b: 2 }, {}] }, [1, 2]],
    ['a.b', { a: 'text' }, [UNREADABLE]],
    ['a[].b', { a: { b: 1 } }, [1]],
    ['a[].b', { a: [{ b: 1 }, 'text'] }, [1, UNREADABLE]],
  ])('%s of %j', (argument, args, values) => {
    expect(itemsAt(args, stepsOf(argument) ?? [])).toEqual(values);
  });

  test('a list at the end stays whole where it is counted', () => {
    expect(valuesAt({ a: [1, 2] }, stepsOf('a') ?? [])).toEqual([[1, 2]]);
  });
});

describe('a pattern of tools', () => {
  test.each([
    ['*', 'anything', true],
    ['run_*', 'run_query', true],
    ['run_*', 'rerun_query', false],
    ['*_query', 'run_query', true],
    ['a*a', 'a', false],
    ['a*b*c', 'a--b--c', true],
    ['a*b*c', 'a--c', false],
    ['a*bb*b', 'abb', false],
    ['.', 'x', false],
  ])('%s and %s: %s', (pattern, tool, expected) => {
    expect(namesTool(pattern, tool)).toBe(expected);
  });

  test('means what the same expression means', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    fc.assert(
      fc.property(text, name, (pattern, tool) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 's');
        expect(namesTool(pattern, tool)).toBe(expression.test(tool));
      }),
      { numRuns: 2_000 },
    );
  });
});
