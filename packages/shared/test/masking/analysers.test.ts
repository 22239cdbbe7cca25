import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Analysed,
  type AnalysedSpan,
  compilePlan,
  type MaskingRule,
  maskMessage,
  textsToAnalyse,
} from '../../src/masking/index.ts';
import { textAnswer } from './answers.ts';

const names: MaskingRule = {
  name: 'names',
  match: { analyser: 'ner', entities: ['PERSON', 'LOCATION'] },
  action: { kind: 'redact' },
};
const plan = compilePlan({ profiles: ['PCI'], rules: [names] });
const bytes = (message: object): Buffer => Buffer.from(JSON.stringify(message));

/** An analyser that knows two words, wherever they stand. */
function read(texts: readonly string[], score = 0.9): Analysed {
  return new Map(
    texts.map((text) => [
      text,
      [...text.matchAll(/Zoë|Łódź/gu)].map(
        ({ 0: word, index }): AnalysedSpan => ({
          analyser: 'ner',
          entity: word === 'Zoë' ? 'PERSON' : 'LOCATION',
          start: index,
          end: index + word.length,
          score,
        }),
      ),
    ]),
  );
}

function texts(raw: Uint8Array): readonly string[] {
  const given = textsToAnalyse(raw, plan);
  if ('refused' in given) throw new Error(given.refused.message);
  return given.texts;
}

function mask(message: object, score = 0.9) {
  const raw = bytes(message);
  const result = maskMessage(raw, plan, { analysed: read(texts(raw), score) });
  return { ...result, text: Buffer.from(result.masked).toString('utf8') };
}

describe('what analysers find', () => {
  test('is masked in every carrier of text, and counted by analyser, entity and place', () => {
    const message = {
      jsonrpc: '2.0',
      id: 1,
      result: {
        content: [
          { type: 'text', text: 'Dear Zoë,\nwelcome to "Łódź" 🏦 Zoë' },
          { type: 'text', text: JSON.stringify({ customer: 'Zoë', deep: [{ city: 'Łódź' }] }) },
          { type: 'text', text: 'id,name\n1,Zoë\n' },
          { type: 'resource', resource: { uri: 'x:/1', blob: Buffer.from('from Zoë').toString('base64') } },
        ],
        structuredContent: { customer: 'Zoë', 'about Zoë': 1, n: 12 },
      },
    };
    const { text, findings, refused } = mask(message);
    expect(refused).toBeUndefined();
    expect(text).not.toMatch(/Zoë|Łódź/u);
    const parsed = JSON.parse(text);
    expect(parsed.result.content[0].text).toBe('Dear [PERSON],\nwelcome to "[LOCATION]" 🏦 [PERSON]');
    expect(JSON.parse(parsed.result.content[1].text)).toEqual({
      customer: '[PERSON]',
      deep: [{ city: '[LOCATION]' }],
    });
    expect(Buffer.from(parsed.result.content[3].resource.blob, 'base64').toString()).toBe('from [PERSON]');
    expect(parsed.result.structuredContent).toEqual({ customer: '[PERSON]', 'about [PERSON]': 1, n: 12 });
    expect(findings).toContainEqual({
      rule: 'names',
      detector: 'ner',
      entity: 'PERSON',
      carrier: 'structured.key',
      count: 1,
    });
  });

  test('stands beside what the engine finds itself', () => {
    expect(
      JSON.parse(mask(textAnswer('Zoë pays with 4111 1111 1111 1111')).text).result.content[0].text,
    ).toBe('[PERSON] pays with [PAN]');
  });

  test('is left where the analyser is less sure than the rule demands, and takes the rule’s own action', () => {
    const sure = compilePlan({
      rules: [
        { ...names, name: 'persons', match: { analyser: 'ner', entities: ['PERSON'] }, minConfidence: 0.8 },
        {
          ...names,
          name: 'dropped',
          match: { analyser: 'ner', entities: ['LOCATION'] },
          action: { kind: 'drop' },
        },
      ],
    });
    const raw = bytes({
      jsonrpc: '2.0',
      id: 1,
      result: { content: [], structuredContent: { a: 'Zoë', b: 'Łódź', c: 1 } },
    });
    const given = textsToAnalyse(raw, sure);
    if ('refused' in given) throw new Error('refused');
    const masked = (score: number) =>
      JSON.parse(
        Buffer.from(maskMessage(raw, sure, { analysed: read(given.texts, score) }).masked).toString(),
      ).result.structuredContent;
    expect(masked(0.5)).toEqual({ a: 'Zoë', c: 1 });
    expect(masked(0.8)).toEqual({ a: '[PERSON]', c: 1 });
  });

  test('gives each text once, unescaped, and none without a letter', () => {
    const raw = Buffer.from(
      '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"Zo\\u00eb"},{"type":"text","text":"Zoë"},{"type":"text","text":"12 34"}]}}',
    );
    expect(texts(raw).filter((text) => text === 'Zoë')).toHaveLength(1);
    expect(texts(raw)).not.toContain('12 34');
  });
});

describe('fails closed', () => {
  test('where no analysis came, or a text is not in it', () => {
    const raw = bytes(textAnswer('Zoë'));
    expect(maskMessage(raw, plan).refused?.reason).toBe('analyser_failed');
    const partly = new Map(read(texts(raw)));
    partly.delete('Zoë');
    const result = maskMessage(raw, plan, { analysed: partly });
    expect(result.refused?.reason).toBe('analyser_failed');
    expect(result.masked.length).toBe(0);
  });

  test('where the message can not be read for them', () => {
    expect(textsToAnalyse(Buffer.from('{'), plan)).toMatchObject({ refused: { reason: 'malformed' } });
    expect(textsToAnalyse(Buffer.from([0x22, 0xff]), plan)).toMatchObject({
      refused: { reason: 'malformed' },
    });
  });

  test('where a rule names no entity, or one that is none', () => {
    for (const entities of [[], ['person']]) {
      expect(() => compilePlan({ rules: [{ ...names, match: { analyser: 'ner', entities } }] })).toThrow(
        /names of capitals|empty/,
      );
    }
  });
});

test('properties: idempotent, valid JSON, byte-identical where nothing is found, and no name is left', () => {
  const word = fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
    fc.constantFrom('Zoë', ' Łódź ', '"Zoë"', 'a\tZoë\\'),
  );
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      word,
      fc.integer(),
      fc.array(tie('value')),
      fc.dictionary(word, tie('value')),
    ),
  })).value;
  fc.assert(
    fc.property(value, fc.array(word), (structured, blocks) => {
      const message = {
        jsonrpc: '2.0',
        id: 1,
        result: {
          content: blocks.map((text) => ({ type: 'text', text })),
          structuredContent: { structured },
        },
      };
      const raw = bytes(message);
      const given = textsToAnalyse(raw, plan);
      if ('refused' in given) return;
      const once = maskMessage(raw, plan, { analysed: read(given.texts) });
      if (once.refused !== undefined) {
        expect(once.refused.reason).not.toBe('analyser_failed');
        return;
      }
      const text = Buffer.from(once.masked).toString('utf8');
      JSON.parse(text);
      expect(text).not.toMatch(/Zoë|Łódź/u);
      if (once.findings.length === 0) expect(once.masked).toBe(raw);
      const again = textsToAnalyse(once.masked, plan);
      if ('refused' in again) throw new Error(again.refused.message);
      const twice = maskMessage(once.masked, plan, { analysed: read(again.texts) });
      expect(Buffer.from(twice.masked).toString('utf8')).toBe(text);
    }),
    { numRuns: 300 },
  );
});
