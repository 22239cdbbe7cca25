import { canonicalJson } from '@sallyport/shared/canonical-json';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalText } from '../../src/audit/canonical.ts';
import type { EntryDraft, EntryValue } from '../../src/audit/index.ts';
import { leafBytes, prepareLeaf } from '../../src/audit/leaf.ts';
import { intent, outcome } from './fixture.ts';

const value = fc.letrec<{ value: EntryValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }),
    fc.maxSafeInteger(),
    fc.constantFrom(-0, true, false, null),
    fc.array(tie('value')),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('value')),
  ),
})).value;

test('the fast canonical text is that of shared/canonical-json', () => {
  fc.assert(
    fc.property(value, (any) => {
      expect(canonicalText(any)).toBe(canonicalJson(any));
    }),
    { numRuns: 500 },
  );
});

test('both refuse lone surrogates, fractions and numbers beyond 2^53', () => {
  for (const bad of ['\ud800', 1.5, 2 ** 53, Number.NaN, { '\udc00': 1 }, [['x', '\ud800']]]) {
    expect(() => canonicalJson(bad)).toThrow(RangeError);
    expect(() => canonicalText(bad)).toThrow(RangeError);
  }
});

test('a leaf is the canonical JSON of the draft with its envelope, behind a zero byte', () => {
  const envelope = { origin: 'test/log/0', id: 'ent_1', tsMs: 1_780_000_000_123 };
  const full: EntryDraft = {
    ...intent('cal_1'),
    ...outcome('cal_1'),
    agent: 'a',
    toolDefinition: 'd',
    grant: 'g',
    approval: 'p',
    response: { digest: 'e', bytes: 1, findings: { pan: 2 } },
    source: { ip: '::1', client: 'c ü' },
    control: ['PCI 10.2.1'],
    fields: { b: 1, a: { z: [], y: undefined } },
  };
  for (const draft of [intent('cal_1'), outcome('cal_2'), full, { kind: 'log.start' } as const]) {
    const bytes = leafBytes(prepareLeaf(draft, envelope), 42);
    const whole = {
      v: 1,
      origin: 'test/log/0',
      seq: 42,
      ts: '2026-05-28T20:26:40.123Z',
      id: 'ent_1',
      ...draft,
    };
    // A draft is a canonical value by its types, without an index signature.
    expect(bytes.toString()).toBe(`\0${canonicalJson(whole as unknown as EntryValue)}`);
  }
});
