import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compilePlan } from '../../src/masking/index.ts';
import { answer, mask, masked, maskText, maskTexts, textAnswer } from './answers.ts';

const CARD = '4111111111111111';
const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');
const PNG = base64(Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));

describe('numbers', () => {
  test('an unchanged number keeps every digit and its form', () => {
    const raw =
      '{"jsonrpc":"2.0","id":12345678901234567890,"result":{"structuredContent":{"a":1.0,"b":-0.0e+1,"c":9007199254740993,"d":"4111111111111111"}}}';
    expect(masked(raw)).toBe(raw.replace(`"${CARD}"`, '"[PAN]"'));
  });

  test.each([
    CARD,
    `-${CARD}`,
    `${CARD}.0`,
    '4.111111111111111e15',
    '41111111111111110e-1'.replace('0e-1', ''),
  ])('%s becomes a string', (lexeme) => {
    expect(masked(`{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{"n":${lexeme}}}}`)).toContain(
      '{"n":"[PAN]"}',
    );
  });

  test('where a rule says so a number becomes 0', () => {
    const plan = compilePlan({
      rules: [{ name: 'r', match: { detectors: ['pan'] }, action: { kind: 'redact' }, numbers: 'zero' }],
    });
    expect(masked(`{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{"n":${CARD}}}}`, plan)).toContain(
      '{"n":0}',
    );
  });

  test('the id of a message is not content', () => {
    const raw = `{"jsonrpc":"2.0","id":${CARD},"result":{}}`;
    expect(masked(raw)).toBe(raw);
  });
});

describe('split values', () => {
  test('over blocks of text', () => {
    expect(maskTexts(['my card 4111-1111-', '1111-1111 thanks'])).toEqual(['my card [PAN]', ' thanks']);
    expect(maskTexts(['4111', '1111', '1111', '1111'])).toEqual(['[PAN]', '', '', '']);
    expect(maskTexts(['reach john.doe@exam', 'ple.com now'])).toEqual(['reach [EMAIL]', ' now']);
  });

  test('a word in one block names the number in the next', () => {
    expect(maskTexts(['My SSN is', '123456789'])).toEqual(['My SSN is', '[SSN]']);
  });

  test('over an array of digits and over two keys', () => {
    const digits = [...CARD].map(Number);
    expect(masked(answer({ structuredContent: { digits } }))).not.toMatch(/\[4,1,1/);
    expect(masked(answer({ structuredContent: { a: '41111111', b: '11111111' } }))).toContain(
      '{"a":"[PAN]","b":""}',
    );
    expect(masked(answer({ structuredContent: { n: [4111, 1111, 1111, 1111] } }))).toContain(
      '{"n":["[PAN]","","",""]}',
    );
  });

  test('a row of numbers is no card', () => {
    const raw = JSON.stringify(
      answer({ structuredContent: { years: [2019, 2020, 2021, 2022, 2023], ids: [10023451, 10023452] } }),
    );
    expect(masked(raw)).toBe(raw);
  });
});

describe('text in text', () => {
  test('JSON in a string stays JSON, its numbers become strings', () => {
    const text = JSON.stringify({ pan: Number(CARD), list: [{ ssn: '123-45-6789' }] });
    expect(JSON.parse(maskText(text))).toEqual({ pan: '[PAN]', list: [{ ssn: '[SSN]' }] });
  });

  test('JSON lines', () => {
    expect(maskText(`{"pan":${CARD}}\n{"pan":${CARD}}\n`)).toBe('{"pan":"[PAN]"}\n{"pan":"[PAN]"}\n');
  });

  test('columns of CSV, Markdown and SQL clients name their cells', () => {
    expect(maskText('id,ssn\n1,123456789\n2,234567890')).toBe('id,ssn\n1,[SSN]\n2,[SSN]');
    expect(maskText('Result:\n\n| phone | n |\n|---|---|\n| 2125550123 | 2 |\nend')).toContain(
      '| [PHONE] | 2 |',
    );
    expect(maskText(' id | routing_number \n----+----------------\n  1 | 021000021\n(1 row)')).toContain(
      '1 | [ROUTING_NUMBER]',
    );
  });

  test('columns and rows of a result set, in either order', () => {
    expect(
      masked(answer({ structuredContent: { columns: ['id', 'ssn'], rows: [[1, 123456789]] } })),
    ).toContain('[[1,"[SSN]"]]');
    expect(
      masked(
        answer({
          structuredContent: { rows: [['123456789', 1]], columns: [{ name: 'ssn' }, { name: 'id' }] },
        }),
      ),
    ).toContain('[["[SSN]",1]]');
  });

  test('base64 on several lines', () => {
    const lines = base64(`${'x'.repeat(50)} card ${CARD} ${'y'.repeat(60)}`).replace(/(.{76})/g, '$1\n');
    const out = maskText(`body:\n${lines}\n`);
    expect(Buffer.from(out.slice(6), 'base64').toString()).toContain('card [PAN] y');
  });
});

describe('structured content and its text twin', () => {
  test('are masked alike, also where only one has the context', () => {
    const out = masked(
      answer({
        content: [{ type: 'text', text: 'Found 12345678 for you' }],
        structuredContent: { account_number: '12345678' },
      }),
    );
    expect(out).not.toContain('12345678');
    expect(out).toContain('Found [ACCOUNT_NUMBER] for you');
  });
});

describe('keys', () => {
  test('masked keys of one object stay different', () => {
    const out = masked(answer({ structuredContent: { [CARD]: 1, '5500005555555559': 2, '[PAN]': 3 } }));
    expect(
      Object.keys((JSON.parse(out) as { result: { structuredContent: object } }).result.structuredContent)
        .length,
    ).toBe(3);
    expect(out).not.toContain(CARD);
  });
});

describe('blobs and media', () => {
  test('a blob of text is masked and packed again', () => {
    const out = JSON.parse(
      masked(answer({ contents: [{ uri: 'x:/1', blob: base64(`ssn\n123-45-6789`) }] })),
    ) as { result: { contents: { blob: string }[] } };
    expect(Buffer.from(out.result.contents[0]?.blob ?? '', 'base64').toString()).toBe('ssn\n[SSN]');
  });

  test('a compressed blob is unpacked', () => {
    expect(
      mask(answer({ contents: [{ uri: 'x:/1', blob: base64(gzipSync(`card ${CARD}`)) }] })).findings[0]
        ?.detector,
    ).toBe('pan');
  });

  test('an opaque blob is refused where the rules demand reading', () => {
    const message = answer({
      contents: [{ uri: 'x:/1', blob: base64(Buffer.from('00ff10fe889977aa', 'hex')) }],
    });
    expect(mask(message).refused?.reason).toBe('undecodable_blob');
    expect(mask(message, compilePlan({ profiles: ['everything'], binary: 'pass' })).refused).toBeUndefined();
  });

  test('images pass, go or are refused; text that says it is an image is masked', () => {
    const image = (data: string): object =>
      answer({ content: [{ type: 'image', data, mimeType: 'image/png' }] });
    const raw = JSON.stringify(image(PNG));
    expect(masked(raw)).toBe(raw);
    expect(masked(raw, compilePlan({ profiles: ['PCI'], images: 'drop' }))).not.toContain(PNG);
    expect(mask(raw, compilePlan({ profiles: ['PCI'], images: 'refuse' })).refused?.reason).toBe('image');
    expect(mask(image(base64(`<svg>${CARD}</svg>`))).findings.length).toBe(1);
  });

  test('content of an unknown type is refused, or scanned where the plan says so', () => {
    const message = answer({ content: [{ type: 'hologram', body: CARD }] });
    expect(mask(message).refused?.reason).toBe('unknown_carrier');
    expect(masked(message, compilePlan({ profiles: ['PCI'], unknownCarriers: 'scan' }))).toContain('[PAN]');
  });
});

test('findings name rule, detector, entity, carrier and count, and never the value', () => {
  const { findings } = mask(textAnswer(`card ${CARD}`, `card ${CARD}`));
  expect(findings).toEqual([
    { rule: 'everything', detector: 'pan', entity: 'PAN', carrier: 'text', count: 2 },
  ]);
});
