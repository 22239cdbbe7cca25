import { describe, expect, test } from 'vitest';
import { type Around, createPolicy, type KnownTool } from '../../src/policy/index.ts';
import { nearest } from '../../src/registry/index.ts';

const policy = createPolicy();

const tool = (name: string, more: Partial<KnownTool> = {}): KnownTool => ({
  name,
  pinned: true,
  schemas: [{ type: 'object' }],
  likely: [],
  ...more,
});

const AROUND: Around = {
  flows: new Set(['payments', 'access']),
  declared: new Map([
    ['ledger', [{ tool: 'run_*', argument: 'sql', reader: 'sql' }]],
    ['weather', []],
  ]),
  tools: new Map([
    [
      'ledger',
      [
        tool('run_query'),
        tool('export_rows', { likely: [{ argument: 'query', reader: 'sql' }] }),
        tool('get_balance'),
      ],
    ],
    ['weather', [tool('forecast')]],
  ]),
  nearest,
};

const fit = (cedar: string, around: Partial<Around> = {}) =>
  policy
    .fit([{ name: 'p', cedar }], { ...AROUND, ...around })
    .map(({ line, column, message, help, refused }) => ({
      words: `${line}:${column} ${message}${help === undefined ? '' : ` (${help})`}`,
      refused,
    }));

describe('approval flows', () => {
  test('one that there is not is refused, with the place, the nearest name and those that there are', () => {
    const text = `// é
permit (principal, action, resource);
@approval("paiments")
forbid (principal, action, resource) unless { context has approval && context.approval.flows.contains("paiments") };`;
    expect(fit(text)).toEqual([
      {
        words:
          '3:1 there is no approval flow "paiments" (did you mean "payments"? there are access, payments)',
        refused: true,
      },
    ]);
    expect(fit(text.replaceAll('paiments', 'payments'))).toEqual([]);
    expect(fit(text, { flows: new Set() })[0]?.words).toContain('there are none yet');
  });

  test.each([
    ['contains("other")', ['other']],
    ['containsAny(["access", "other"])', ['other']],
    ['containsAll(["a1", "b1"])', ['a1', 'b1']],
    ['contains("access")', []],
  ])('a condition on context.approval.flows.%s too', (condition, names) => {
    const text = `permit (principal, action, resource) when { context has approval && context.approval.flows.${condition} };`;
    expect(fit(text)).toHaveLength(names.length);
    for (const name of names) {
      const found = fit(text).find(({ words }) => words.includes(`"${name}"`));
      expect(found?.words).toMatch(new RegExp(`^1:${text.indexOf(`"${name}"`) + 1} `));
    }
  });
});

describe('risk facts that nothing declares', () => {
  const forbid = (resource: string, reader = 'sql') =>
    `permit (principal, action, resource);\nforbid (principal, action, resource${resource})\n  when { context.risk has ${reader} && context.risk.${reader}.level > 1 };`;

  test.each([
    [
      ' in Sallyport::Server::"weather"',
      'sql',
      /^3:.* of any tool of weather: no argument is declared as sql/,
    ],
    [' == Sallyport::Tool::"ledger/get_balance"', 'sql', / of ledger\/get_balance: /],
    [' == Sallyport::Tool::"ledger/not_yet_shown"', 'sql', / of ledger\/not_yet_shown: /],
    [' == Sallyport::Tool::"forecast"', 'sql', / of weather\/forecast: /],
    ['', 'shell', / of any tool of ledger, any tool of weather: /],
    ['', 'sql', / of ledger\/export_rows \(likely: query\), any tool of weather: /],
    [' in Sallyport::Server::"ledger"', 'sql', / of ledger\/export_rows \(likely: query\): /],
  ])('resource%s, %s', (resource, reader, words) => {
    const found = fit(forbid(resource, reader));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ words: expect.stringMatching(words), refused: false });
    const column = '  when { context.risk has '.length + 1;
    expect(found[0]?.words).toMatch(new RegExp(`^3:${column} `));
  });

  test.each([
    [' == Sallyport::Tool::"ledger/run_query"'],
    [' == Sallyport::Tool::"run_query"'],
    [' is Sallyport::Resource'],
    [' in Sallyport::Server::"elsewhere"'],
  ])('resource%s is silent', (resource) => {
    expect(fit(forbid(resource))).toEqual([]);
  });

  test('so is a policy on another action, and one that reads risk only as a whole', () => {
    const text = (condition: string, action = '') =>
      `forbid (principal, action${action}, resource) when { ${condition} };`;
    const read = ' == Sallyport::Action::"read"';
    expect(fit(text('context.risk has sql', read))).toEqual([]);
    expect(fit(text('context.risk has sql'))).toHaveLength(1);
    expect(fit(text('context["risk"] has "sql"'))).toHaveLength(1);
    expect(fit(text('context has risk.sql.level'))).toHaveLength(1);
  });
});

test.each<[string, string[]]>([
  ['resource', ['a', 'b']],
  ['resource in Sallyport::Server::"a"', ['a']],
  ['resource == Sallyport::Tool::"a/t"', ['a']],
  ['resource == Sallyport::Tool::"t"', ['a', 'b']],
  ['resource is Sallyport::Tool in Sallyport::Server::"b"', ['b']],
  ['resource is Sallyport::Prompt', []],
  ['resource == Sallyport::Server::"a"', []],
])('a policy on calls with the scope %s is about the tools of %j', (scope, servers) => {
  const text = `permit (principal, action == Sallyport::Action::"call", ${scope});`;
  expect(policy.serversOf(text, ['a', 'b'])).toEqual(servers);
});

test('a policy on requests for access is about the server that is asked for', () => {
  const text = (scope: string) => `permit (principal, action == Sallyport::Action::"request", ${scope});`;
  expect(policy.serversOf(text('resource == Sallyport::Server::"a"'), ['a', 'b'])).toEqual(['a']);
  expect(policy.serversOf(text('resource'), ['a', 'b'])).toEqual(['a', 'b']);
  expect(policy.serversOf('permit (principal, action, nonsense', ['a'])).toEqual([]);
});
