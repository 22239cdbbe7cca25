import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callDigest, callKey, canonicalText, type DigestParts } from '../../src/approval/digest.ts';

const parts: DigestParts = {
  principal: { kind: 'service-account', name: 'engineer' },
  server: 'ledger',
  method: 'tools/call',
  on: 'transfer',
  toolDefinition: null,
  parameters: '{"amount":1}',
  policyVersion: 'v1',
  flows: ['payments'],
};

test('the digest changes with every part, the key only with what is called', () => {
  const other: Partial<DigestParts>[] = [
    { principal: { kind: 'user', name: 'engineer' } },
    { principal: { kind: 'service-account', name: 'other' } },
    { server: 'other' },
    { method: 'prompts/get' },
    { on: 'other' },
    { parameters: '{"amount":1.0}' },
    { toolDefinition: 'd' },
    { policyVersion: 'v2' },
    { flows: ['payments', 'risk'] },
  ];
  for (const [index, more] of other.entries()) {
    const changed = { ...parts, ...more };
    expect(callDigest(changed), JSON.stringify(more)).not.toBe(callDigest(parts));
    if (index < 6) expect(callKey(changed)).not.toBe(callKey(parts));
    else expect(callKey(changed)).toBe(callKey(parts));
  }
});

test('numbers stand as they stood, members are sorted, nothing is lost', () => {
  expect(
    canonicalText(' { "b" : [ 1.0 , 12345678901234567890 , -0 , 1e3 ] , "a" : "\\u202e\\u0041" } '),
  ).toBe('{"a":"\u202eA","b":[1.0,12345678901234567890,-0,1e3]}');
  expect(canonicalText('{"__proto__":1,"10":2,"9":3}')).toBe('{"10":2,"9":3,"__proto__":1}');
});

test('the order of members and white space change nothing; a value does', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse());
      expect(canonicalText(JSON.stringify(reversed, undefined, 3))).toBe(
        canonicalText(JSON.stringify(value)),
      );
      expect(JSON.parse(canonicalText(JSON.stringify(value)))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
