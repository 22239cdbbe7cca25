import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compilePlan, maskMessage } from '../../src/masking/index.ts';
import { answer, everything, mask, textAnswer } from './answers.ts';

test.each([
  '',
  '{',
  '[1,]',
  '{"a":1,}',
  '{"a" 1}',
  '{"a":01}',
  '{"a":1}x',
  '"text"',
  '1',
  'null',
  '{"a":"\u0001"}',
  '{"a":"\\x"}',
  '{"a":tru}',
  '{"a":1e}',
  '{"a":-}',
  '{a:1}',
  '{"a":"',
  '{"a":[1}',
  '\ufeff{}',
  "{'a':1}",
  '{"a":.5}',
  '{"a":"\\u12"}',
  '[1 2]',
  '{"a":nulll}',
  '{"a"}',
  '{,}',
])('malformed input is refused: %j', (raw) => {
  const result = mask(raw);
  expect(result.refused?.reason).toBe('malformed');
  expect(result.masked.length).toBe(0);
});

test('bytes that are not UTF-8 are refused', () => {
  const raw = new Uint8Array([...new TextEncoder().encode('{"a":"'), 0xff, 0x22, 0x7d]);
  expect(maskMessage(raw, everything).refused?.reason).toBe('malformed');
});

test('too deep is refused', () => {
  expect(mask(`${'['.repeat(200)}1${']'.repeat(200)}`).refused?.reason).toBe('too_deep');
});

test('a budget that runs out withholds the answer', () => {
  const raw = new TextEncoder().encode(JSON.stringify(textAnswer('word 12 '.repeat(50_000))));
  let asked = 0;
  const result = maskMessage(raw, everything, {
    withinBudget: () => {
      asked += 1;
      return asked < 3;
    },
  });
  expect(result.refused?.reason).toBe('over_budget');
});

test('whatever a caller’s function throws withholds the answer and is not shown', () => {
  const vault = {
    tokenise(): string {
      throw new Error('the value was 4111111111111111');
    },
    detokenise: () => undefined,
  };
  const plan = compilePlan({
    rules: [{ name: 'r', match: { detectors: ['pan'] }, action: { kind: 'token' } }],
    vault,
  });
  const result = mask(textAnswer('4111111111111111'), plan);
  expect(result.refused?.reason).toBe('detector_failed');
  expect(JSON.stringify(result.refused)).not.toContain('4111');
});

test('a gzip bomb is refused, not unpacked', () => {
  const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024, 0x20)).toString('base64');
  expect(mask(textAnswer(`see ${bomb}`)).refused?.reason).toBe('unpacked_too_large');
  expect(mask(answer({ contents: [{ uri: 'x:/1', blob: bomb }] })).refused?.reason).toBe(
    'unpacked_too_large',
  );
});
