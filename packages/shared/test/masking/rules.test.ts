import { describe, expect, test } from 'vitest';
import {
  type Action,
  compilePlan,
  type MaskingError,
  type MaskingRule,
  restoreTokens,
  type TokenVault,
} from '../../src/masking/index.ts';
import { answer, mask, masked, maskText, textAnswer } from './answers.ts';

const CARD = '4111111111111111';
const redact: Action = { kind: 'redact' };

function plan(rule: Partial<MaskingRule> & Pick<MaskingRule, 'match'>): ReturnType<typeof compilePlan> {
  return compilePlan({ rules: [{ name: 'own', entity: 'OWN', action: redact, ...rule }] });
}

function code(rule: Partial<MaskingRule> & Pick<MaskingRule, 'match'>): string {
  try {
    plan(rule);
  } catch (thrown) {
    return (thrown as MaskingError).code;
  }
  return 'accepted';
}

describe('rules that are refused', () => {
  test.each([
    ['(?<=a)b', 'pattern_not_re2'],
    ['(a)\\1', 'pattern_not_re2'],
    ['a(', 'pattern_not_re2'],
    ['a*', 'pattern_matches_empty'],
    ['', 'pattern_matches_empty'],
    ['|x', 'pattern_matches_empty'],
    ['.+', 'pattern_matches_everything'],
    ['(?s).', 'pattern_matches_everything'],
    ['[\\s\\S]+', 'pattern_matches_everything'],
    ['x'.repeat(3000), 'pattern_too_large'],
  ])('%j: %s', (pattern, expected) => {
    expect(code({ match: { pattern } })).toBe(expected);
  });

  test('with the reason in the message', () => {
    expect(() => plan({ match: { pattern: '(?=x)' } })).toThrow(/rule "own": the pattern is not RE2 syntax/);
  });

  test('unknown detectors, malformed paths, missing keys and vaults', () => {
    expect(code({ match: { detectors: ['pans'] } })).toBe('unknown_detector');
    expect(code({ match: { paths: ['customer'] } })).toBe('path_malformed');
    expect(code({ match: { paths: ['$..*'] } })).toBe('path_malformed');
    expect(code({ match: { keys: [] } })).toBe('rule_incomplete');
    expect(code({ match: { keys: ['a'] }, entity: 'small' })).toBe('rule_incomplete');
    expect(code({ match: { keys: ['a'] }, action: { kind: 'hash' } })).toBe('key_missing');
    expect(code({ match: { keys: ['a'] }, action: { kind: 'token' } })).toBe('vault_missing');
  });
});

describe('matches', () => {
  test('a pattern, also behind escapes and in numbers and keys', () => {
    const own = plan({ match: { pattern: 'CUST-\\d{6}' } });
    expect(maskText('id CUST-123456\n"CUST-654321"', own)).toBe('id [OWN]\n"[OWN]"');
    expect(masked(answer({ structuredContent: { 'CUST-123456': 1 } }), own)).toContain('{"[OWN]":1}');
    expect(
      masked(answer({ structuredContent: { n: 774411 } }), plan({ match: { pattern: '7744\\d\\d' } })),
    ).toContain('{"n":"[OWN]"}');
  });

  test('only the group named value is masked', () => {
    expect(maskText('member: A-77', plan({ match: { pattern: 'member: (?P<value>[A-Z]-\\d+)' } }))).toBe(
      'member: [OWN]',
    );
  });

  test('keys without case and separators, whatever the value', () => {
    const own = plan({ match: { keys: ['customer_name'] } });
    expect(
      masked(answer({ structuredContent: { customerName: 'Q "x"', 'Customer Name': 5, other: 'Q' } }), own),
    ).toContain('{"customerName":"[OWN]","Customer Name":"[OWN]","other":"Q"}');
    expect(maskText('{"customer_name":"Q"}', own)).toBe('{"customer_name":"[OWN]"}');
  });

  test('paths in structured content and in JSON text', () => {
    const own = plan({ match: { paths: ['$.customer.name', '$..note', '$.rows[*][1]'] } });
    const data = { customer: { name: 'Q', age: 4 }, deep: { er: { note: 'n' } }, rows: [[1, 'x', 2]] };
    const expected = {
      customer: { name: '[OWN]', age: 4 },
      deep: { er: { note: '[OWN]' } },
      rows: [[1, '[OWN]', 2]],
    };
    const out = JSON.parse(masked(answer({ structuredContent: data }), own)) as {
      result: { structuredContent: object };
    };
    expect(out.result.structuredContent).toEqual(expected);
    expect(JSON.parse(maskText(JSON.stringify(data), own))).toEqual(expected);
  });

  test('columns of CSV and of result sets', () => {
    const own = plan({ match: { columns: ['Nick Name'] } });
    expect(maskText('id,nick_name\n1,"Q, the"\n2,R', own)).toBe('id,nick_name\n1,"[OWN]"\n2,[OWN]');
    expect(
      masked(answer({ structuredContent: { columns: ['nickName'], rows: [['Q'], ['R']] } }), own),
    ).toContain('[["[OWN]"],["[OWN]"]]');
  });

  test('a dictionary takes whole words, without case', () => {
    const own = plan({ match: { dictionary: ['Blue Harbour', 'Atlas'] } });
    expect(maskText('blue harbour and ATLAS, not atlases', own)).toBe('[OWN] and [OWN], not atlases');
  });

  test('context, allow-lists and confidence', () => {
    const near = plan({ match: { pattern: '\\d{4}' }, context: ['badge'] });
    expect(maskText('badge 1234', near)).toBe('badge [OWN]');
    expect(maskText('room 1234', near)).toBe('room 1234');
    const allow = compilePlan({
      rules: [{ name: 'a', match: { detectors: ['pan'] }, action: redact, allow: ['4111-1111-1111-1111'] }],
    });
    expect(maskText(`${CARD} 5500005555555559`, allow)).toBe(`${CARD} [PAN]`);
    const sure = compilePlan({
      rules: [{ name: 'a', match: { detectors: ['pan', 'email'] }, action: redact, minConfidence: 0.95 }],
    });
    expect(maskText(`${CARD} a.b@example.com`, sure)).toBe('[PAN] a.b@example.com');
  });
});

describe('actions', () => {
  const pan = (action: Action, more = {}): ReturnType<typeof compilePlan> =>
    compilePlan({ rules: [{ name: 'pan', match: { detectors: ['pan'] }, action }], ...more });

  test('partial keeps the BIN and the last four, or the last four', () => {
    expect(maskText('4111 1111 1111 1111', pan({ kind: 'partial', keep: 'bin-last4' }))).toBe(
      '411111******1111',
    );
    expect(maskText(CARD, pan({ kind: 'partial', keep: 'last4' }))).toBe('************1111');
  });

  test('hash: equal for equal values however written, different for another key', () => {
    const hashKey = new Uint8Array(32).fill(7);
    const own = pan({ kind: 'hash' }, { hashKey });
    const [a, b] = [maskText('4111 1111 1111 1111', own), maskText(CARD, own)];
    expect(a).toBe(b);
    expect(a).toMatch(/^\[PAN:h:[a-p]{24}\]$/);
    expect(maskText(CARD, pan({ kind: 'hash' }, { hashKey: new Uint8Array(32).fill(8) }))).not.toBe(a);
    expect(maskText(a, own)).toBe(a);
  });

  test('token: there and back; a token that is not known is refused', () => {
    const map = new Map<string, string>();
    const vault: TokenVault = {
      tokenise(value, entity, scope) {
        const token = [...Buffer.from(`${entity}${scope}${value}`).toString('hex')]
          .map((d) => 'abcdefghijklmnop'[Number.parseInt(d, 16)])
          .join('')
          .slice(-40);
        map.set(token, value);
        return token;
      },
      detokenise: (token) => map.get(token),
    };
    const own = pan({ kind: 'token' }, { vault, scope: 's' });
    const out = maskText(CARD, own);
    expect(out).toMatch(/^\[PAN:t:[a-p]{8,64}\]$/);
    const call = new TextEncoder().encode(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 't', arguments: { card: out } },
      }),
    );
    const back = restoreTokens(call, vault, 's');
    expect(new TextDecoder().decode(back.restored)).toContain(`"card":"${CARD}"`);
    expect(back.counts.get('PAN')).toBe(1);
    map.clear();
    const lost = restoreTokens(call, vault, 's');
    expect(lost.refused?.reason).toBe('token_unknown');
    expect(lost.restored.length).toBe(0);
  });

  test.each([
    [
      { a: 1, n: CARD, b: 2 },
      { a: 1, b: 2 },
    ],
    [{ n: CARD, b: 2 }, { b: 2 }],
    [{ a: 1, n: CARD }, { a: 1 }],
    [{ n: CARD }, {}],
    [{ n: CARD, m: Number(CARD), o: `x ${CARD}` }, {}],
    [{ a: 1, n: CARD, m: CARD }, { a: 1 }],
    [{ list: [1, CARD, 2] }, { list: [1, null, 2] }],
    [
      { in: { n: CARD }, b: 1 },
      { in: {}, b: 1 },
    ],
  ])('drop takes the member out of %j', (data, expected) => {
    const out = JSON.parse(masked(answer({ structuredContent: data }), pan({ kind: 'drop' }))) as {
      result: { structuredContent: object };
    };
    expect(out.result.structuredContent).toEqual(expected);
  });

  test('drop leaves the protocol its shape', () => {
    expect(maskText(`card ${CARD}`, pan({ kind: 'drop' }))).toBe('card [PAN]');
  });

  test('refuse withholds the whole answer', () => {
    const result = mask(textAnswer(CARD), pan({ kind: 'refuse' }));
    expect(result.refused).toMatchObject({ reason: 'rule_refuses', rule: 'pan' });
    expect(result.masked.length).toBe(0);
  });

  test('a customer rule comes before a profile', () => {
    const own = compilePlan({
      profiles: ['PCI'],
      rules: [{ name: 'x', match: { detectors: ['pan'] }, action: { kind: 'redact', label: 'CARD' } }],
    });
    expect(maskText(CARD, own)).toBe('[CARD]');
  });
});
