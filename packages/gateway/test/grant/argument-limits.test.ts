import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNarrower, parseDecimal, withinLimits } from '../../src/grant/argument-limits.ts';

const within = (args: unknown, ...limits: Parameters<typeof withinLimits>[1]) =>
  withinLimits(args, limits, (value) => (value instanceof Exact ? value.lexeme : undefined));

class Exact {
  readonly lexeme: string;
  constructor(lexeme: string) {
    this.lexeme = lexeme;
  }
}

describe('withinLimits', () => {
  it('compares exactly, beyond what a double holds', () => {
    const limit = { argument: 'n', max: '9007199254740993' };
    expect(within({ n: new Exact('9007199254740993') }, limit)).toBe(true);
    expect(within({ n: new Exact('9007199254740994') }, limit)).toBe(false);
    expect(within({ n: 0.3 }, { argument: 'n', max: '0.30' })).toBe(true);
    expect(within({ n: new Exact('1e2') }, { argument: 'n', min: '100', max: '100.0' })).toBe(true);
  });

  it('is outside for all that it can not compare', () => {
    const limit = { argument: 'a.b', max: '5' };
    for (const args of [
      undefined,
      null,
      {},
      { a: 1 },
      { a: { b: '1' } },
      { a: { b: null } },
      { a: [{ b: 1 }] },
      { a: { b: Infinity } },
      { 'a.b': 1 },
    ])
      expect(within(args, limit)).toBe(false);
    expect(within({ a: { b: 1 } }, limit)).toBe(true);
    expect(within(JSON.parse('{"__proto__":{"a":1}}'), { argument: 'a', max: '5' })).toBe(false);
    expect(within({ to: 7 }, { argument: 'to', prefix: '7' })).toBe(false);
    expect(within({ to: 'DE1' }, { argument: 'to', prefix: 'DE', oneOf: ['DE1', 'DE2'] })).toBe(true);
  });

  it('agrees with BigInt on integers of any size', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
        fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
        (a, b) => {
          expect(within({ n: new Exact(String(a)) }, { argument: 'n', max: String(b) })).toBe(a <= b);
        },
      ),
    );
  });

  it('never throws on a text that claims to be a number', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseDecimal(text)));
  });
});

describe('isNarrower', () => {
  const bound = fc.record(
    {
      argument: fc.constantFrom('a', 'b'),
      min: fc.integer({ min: -20, max: 20 }).map(String),
      max: fc.integer({ min: -20, max: 20 }).map(String),
    },
    { requiredKeys: ['argument'] },
  );

  it('whatever narrower limits let through, the wider ones do too', () => {
    fc.assert(
      fc.property(
        fc.array(bound, { maxLength: 3 }),
        fc.array(bound, { maxLength: 3 }),
        fc.integer({ min: -25, max: 25 }),
        fc.integer({ min: -25, max: 25 }),
        (narrow, wide, a, b) => {
          fc.pre(isNarrower(narrow, wide));
          if (within({ a, b }, ...narrow)) expect(within({ a, b }, ...wide)).toBe(true);
        },
      ),
    );
  });
});
