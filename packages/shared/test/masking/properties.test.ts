import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createStreamMasker, type MaskResult, maskMessage } from '../../src/masking/index.ts';
import { answer, everything, maskText } from './answers.ts';
import { CARRIERS, formats } from './carriers.ts';
import { Dice, MAKERS } from './generator.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** JSON values in which cards, addresses, escapes and encoded texts stand among anything. */
const planted = fc.nat().map((seed) => {
  const dice = new Dice(seed);
  const value = dice.pick(Object.values(MAKERS))(dice);
  return `${dice.pick(['', 'see ', `${value.label}: `])}${dice.pick(formats(value))}${dice.pick(['', ' now', '.', '\n'])}`;
});
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  planted,
  planted.map((inner) => Buffer.from(inner).toString('base64')),
  planted.map((inner) => JSON.stringify({ inner, n: [1, inner] })),
  fc
    .array(planted, { maxLength: 4 })
    .map((rows) => `id,ssn\n${rows.map((row) => `1,${row.replace(/[\n,]/g, '')}`).join('\n')}`),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(4111111111111111, 123456789, true, null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.oneof(fc.string(), planted, fc.constantFrom('ssn', 'password', 'account_number', 'content', 'rows')),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
})).value;
const message = fc.oneof(
  json.map((value) =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [], structuredContent: { value } } }),
  ),
  json.map((value) =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: 1, message: 'm', data: value } }),
  ),
  fc
    .array(text, { maxLength: 4 })
    .map((texts) => JSON.stringify(answer({ content: texts.map((one) => ({ type: 'text', text: one })) }))),
);

function run(raw: string): MaskResult {
  return maskMessage(encoder.encode(raw), everything);
}

test('the masked message is valid JSON, and masking it again changes nothing', () => {
  fc.assert(
    fc.property(message, (raw) => {
      const once = run(raw);
      if (once.refused !== undefined) return;
      const out = decoder.decode(once.masked);
      JSON.parse(out);
      const twice = run(out);
      expect(twice.refused).toBeUndefined();
      expect(decoder.decode(twice.masked)).toBe(out);
    }),
    { numRuns: 1500 },
  );
});

test('without findings the very same bytes come back, with findings others', () => {
  fc.assert(
    fc.property(message, (raw) => {
      const bytes = encoder.encode(raw);
      const before = bytes.slice();
      const result = maskMessage(bytes, everything);
      expect(bytes).toEqual(before);
      if (result.refused !== undefined) return;
      if (result.findings.length === 0) expect(result.masked).toBe(bytes);
      else expect(decoder.decode(result.masked)).not.toBe(raw);
    }),
    { numRuns: 1000 },
  );
});

test('keys of one object stay different', () => {
  fc.assert(
    fc.property(fc.array(planted, { minLength: 1, maxLength: 6 }), (keys) => {
      const data = Object.fromEntries(keys.map((key, i) => [key, i]));
      const result = run(JSON.stringify(answer({ structuredContent: data })));
      const out = JSON.parse(decoder.decode(result.masked)) as { result: { structuredContent: object } };
      expect(Object.keys(out.result.structuredContent).length).toBe(Object.keys(data).length);
    }),
    { numRuns: 300 },
  );
});

test('a planted value leaves by no carrier', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.constantFrom(...Object.keys(MAKERS)),
      fc.constantFrom(...Object.keys(CARRIERS)),
      (seed, kind, carrier) => {
        const dice = new Dice(seed);
        const value = MAKERS[kind]?.(dice);
        const place = CARRIERS[carrier];
        if (value === undefined || place === undefined) return;
        const written = dice.pick(formats(value));
        const result = run(place(value.label, written, value.key));
        expect(result.refused).toBeUndefined();
        const out = decoder.decode(result.masked);
        expect(out).not.toContain(written);
        const unpacked = out.replace(
          /[A-Za-z0-9+/]{16,}={0,2}/g,
          (packed) => `${packed} ${Buffer.from(packed, 'base64').toString('latin1')}`,
        );
        expect(unpacked).not.toContain(written);
      },
    ),
    { numRuns: 1500 },
  );
});

const progress = (part: string): Uint8Array =>
  encoder.encode(
    JSON.stringify({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: 1, progress: 1, message: part },
    }),
  );
const textOf = (result: MaskResult): string => {
  expect(result.refused).toBeUndefined();
  return (JSON.parse(decoder.decode(result.masked)) as { params: { message: string } }).params.message;
};

test('a text split anywhere over messages is masked as the whole is', () => {
  const running = fc
    .array(fc.oneof(planted, fc.lorem({ maxCount: 4 })), { minLength: 1, maxLength: 12 })
    .map((parts) => parts.map((part) => part.replace(/\s+/g, ' ')).join(' ; '));
  fc.assert(
    fc.property(running, fc.array(fc.nat(400), { maxLength: 8 }), (whole, places) => {
      const cuts = [
        0,
        ...places.map((place) => Math.min(place, whole.length)).sort((a, b) => a - b),
        whole.length,
      ];
      const stream = createStreamMasker(everything);
      const out: MaskResult[] = [];
      for (let i = 0; i + 1 < cuts.length; i += 1)
        out.push(...stream.push(progress(whole.slice(cuts[i], cuts[i + 1]))));
      out.push(...stream.flush());
      expect(out.length).toBe(cuts.length - 1);
      expect(out.map(textOf).join('')).toBe(maskText(whole));
    }),
    { numRuns: 600 },
  );
});
