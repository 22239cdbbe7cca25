import { beforeAll, describe, expect, test } from 'vitest';
import {
  createPolicy,
  type DeclaredArgument,
  loadRiskReaders,
  type RiskReaders,
} from '../../../src/policy/index.ts';
import { request, rule } from '../requests.ts';

let readers: RiskReaders;
beforeAll(async () => {
  readers = await loadRiskReaders();
});

class Exact {
  readonly lexeme: string;
  constructor(lexeme: string) {
    this.lexeme = lexeme;
  }
}
const numberLexeme = (value: unknown) => (value instanceof Exact ? value.lexeme : undefined);

const DECLARED: DeclaredArgument[] = [
  { tool: 'echo', argument: 'sql', reader: 'sql' },
  { tool: 'echo', argument: 'more[].sql', reader: 'sql' },
  { tool: 'e*', argument: 'command', reader: 'shell' },
  { tool: 'echo', argument: 'path', reader: 'path', roots: ['/srv/data', '/tmp'] },
  { tool: 'echo', argument: 'url', reader: 'url' },
  { tool: 'echo', argument: 'amount', reader: 'amount', currency: 'USD', currencyArgument: 'currency' },
  { tool: 'echo', argument: 'fees[].cents', reader: 'amount', currency: 'USD', scale: 2 },
  { tool: 'echo', argument: 'items', reader: 'batch' },
  { tool: 'other', argument: 'text', reader: 'sql' },
];

function policyWith(...cedar: string[]) {
  const policy = createPolicy({ numberLexeme, readers });
  policy.load(
    cedar.map((text, n) => ({ name: `p${n}`, cedar: text })),
    { arguments: new Map([['everything', DECLARED]]) },
  );
  return policy;
}

describe('a condition on the risk of arguments', () => {
  const cases: [condition: string, args: unknown, holds: boolean][] = [
    ['context.risk has sql', {}, false],
    ['context.risk has sql', { text: 'drop table x' }, false],
    ['context.risk has sql && context.risk.sql.risk == "read"', { sql: 'select 1 limit 1' }, true],
    [
      'context.risk has sql && context.risk.sql.writes.contains("accounts")',
      { sql: 'with x as (delete from accounts returning *) select * from x' },
      true,
    ],
    ['context.risk has sql && context.risk.sql.level >= 2', { sql: 'SELECT 1; Drop table x' }, true],
    ['context.risk has sql && context.risk.sql.statements > 1', { sql: 'select 1; select 2' }, true],
    [
      'context.risk has sql && context.risk.sql.statements > 1',
      { sql: 'select 1', more: [{ sql: 'select 2' }] },
      true,
    ],
    [
      'context.risk has sql && context.risk.sql.level == 0',
      { sql: 'select 1 limit 1', more: [{ sql: 'delete from a' }] },
      false,
    ],
    // What can't be read is the worst in whatever a policy asks for.
    ['context.risk has sql && context.risk.sql.level == 4', { sql: 'selec 1' }, true],
    ['context.risk has sql && context.risk.sql.level == 4', { sql: 3 }, true],
    ['context.risk has sql && context.risk.sql.level == 4', { sql: { text: 'select 1' } }, true],
    ['context.risk has sql && context.risk.sql.level == 4', { more: 'select 1' }, true],
    ['context.risk has sql && context.risk.sql.writes.isEmpty()', { sql: 'selec 1' }, false],
    ['context.risk has sql && context.risk.sql.statements <= 1', { sql: ['selec 1', 'select 1'] }, false],
    ['context.risk has sql && context.risk.sql.ddl', { sql: 'selec 1' }, true],
    ['context.risk has sql && context.risk.sql has limit', { sql: ['select 1 limit 1', 'select 1'] }, false],
    ['context.risk has shell && context.risk.shell.commands == ["ls"]', { command: 'ls -l' }, true],
    ['context.risk has shell && context.risk.shell.level == 3', { command: 'ls; curl x' }, true],
    ['context.risk has shell && context.risk.shell.dynamicCommand', { command: ['ls', 7] }, true],
    ['context.risk has path && context.risk.path.inside', { path: '/srv/data/a/../b' }, true],
    ['context.risk has path && context.risk.path.inside', { path: ['/srv/data/a', '/etc/passwd'] }, false],
    ['context.risk has path && context.risk.path.inside', { path: ['/srv/data/a', 7] }, false],
    ['context.risk has path && context.risk.path.climbs', { path: 'x/../../../etc' }, true],
    [
      'context.risk has url && ["api.example.org"].containsAll(context.risk.url.hosts)',
      { url: 'https://api.example.org/x' },
      true,
    ],
    [
      'context.risk has url && ["api.example.org"].containsAll(context.risk.url.hosts)',
      { url: ['https://api.example.org/x', 'http://169.254.169.254/'] },
      false,
    ],
    [
      'context.risk has url && ["api.example.org"].containsAll(context.risk.url.hosts)',
      { url: ['https://api.example.org/x', 1] },
      false,
    ],
    [
      'context.risk has url && context.risk.url.ranges.contains("metadata")',
      { url: 'http://0xa9fea9fe/' },
      true,
    ],
    ['context.risk has url && context.risk.url.level >= 2', { url: 'file:///etc/passwd' }, true],
    [
      'context.risk has amount && context.risk.amount.total.greaterThan(decimal("100.0"))',
      { amount: 100 },
      false,
    ],
    [
      'context.risk has amount && context.risk.amount.total.greaterThan(decimal("100.0"))',
      { amount: 100, fees: [{ cents: 1 }] },
      true,
    ],
    [
      'context.risk has amount && context.risk.amount.largest == decimal("60.5")',
      { amount: '60.50', fees: [{ cents: 1 }] },
      true,
    ],
    [
      'context.risk has amount && context.risk.amount.total.greaterThan(decimal("100.0"))',
      { amount: -101 },
      true,
    ],
    ['context.risk has amount && context.risk.amount.negative', { amount: -101 }, true],
    ['context.risk has amount && context.risk.amount.readable', { amount: '1,000' }, false],
    [
      'context.risk has amount && context.risk.amount.total.greaterThan(decimal("900000000000000.0"))',
      { amount: '1,000' },
      true,
    ],
    [
      'context.risk has amount && context.risk.amount.total.greaterThan(decimal("900000000000000.0"))',
      { amount: new Exact('12345678901234567890') },
      true,
    ],
    [
      'context.risk has amount && context.risk.amount.total == decimal("12.34")',
      { amount: new Exact('12.34') },
      true,
    ],
    [
      'context.risk has amount && context.risk.amount.readable',
      { amount: [900_000_000_000_000, 900_000_000_000_000] },
      false,
    ],
    ['context.risk has amount && context.risk.amount.currency == "USD"', { amount: 1 }, true],
    [
      'context.risk has amount && context.risk.amount.currency == "EUR"',
      { amount: 1, currency: 'eur' },
      true,
    ],
    ['context.risk has amount && context.risk.amount.currency == ""', { amount: 1, currency: 'euro' }, true],
    [
      'context.risk has amount && context.risk.amount.currency == ""',
      { amount: 1, currency: 'EUR', fees: { cents: 3 } },
      true,
    ],
    ['context.risk has batch && context.risk.batch.size == 3', { items: [1, [2, 3], 4] }, true],
    ['context.risk has batch && context.risk.batch.size == 0', { items: [] }, true],
    ['context.risk has batch && context.risk.batch.size == 1', { items: 'a' }, true],
    ['context.risk has batch', {}, false],
  ];
  test.each(cases)('%s of %j: %s', (condition, args, holds) => {
    const asked = request({ arguments: () => args });
    expect(policyWith(rule('permit', condition)).decide(asked).effect).toBe(holds ? 'allow' : 'deny');
  });

  test('is of declared arguments of this server and tool alone', () => {
    const policy = policyWith(rule('permit', 'context.risk has sql'));
    const ask = (server: string, name: string, args: unknown) =>
      policy.decide(request({ server, resource: { type: 'Tool', name }, arguments: () => args })).effect;
    expect(ask('everything', 'echo', { sql: 'x' })).toBe('allow');
    expect(ask('elsewhere', 'echo', { sql: 'x' })).toBe('deny');
    expect(ask('everything', 'other', { sql: 'x' })).toBe('deny');
    expect(ask('everything', 'other', { text: 'x' })).toBe('allow');
  });

  test('does not hide a tool that some arguments could be allowed for', () => {
    const policy = policyWith(
      rule('permit', 'context.risk has sql && context.risk.sql.level == 0'),
      rule('forbid', 'context.risk has amount && context.risk.amount.negative'),
    );
    expect(policy.couldAllow(request())).toBe(true);
  });

  test('without readers is the worst', () => {
    const policy = createPolicy();
    policy.load(
      [{ name: 'p', cedar: rule('permit', 'context.risk has sql && context.risk.sql.level == 4') }],
      {
        arguments: new Map([['everything', DECLARED]]),
      },
    );
    expect(policy.decide(request({ arguments: () => ({ sql: 'select 1' }) })).effect).toBe('allow');
  });

  test('is part of the version: what an argument is taken for decides', () => {
    const policy = policyWith(rule('permit', 'true'));
    const before = policy.version;
    policy.load([{ name: 'p0', cedar: rule('permit', 'true') }], {
      arguments: new Map([['everything', DECLARED.slice(1)]]),
    });
    expect(policy.version).not.toBe(before);
  });

  test('is told to people as it is read', () => {
    const facts = policyWith(rule('permit', 'true')).riskOf({
      server: 'everything',
      tool: 'echo',
      arguments: { sql: 'select 1 limit 1', amount: 3 },
    });
    expect(facts.sql).toMatchObject({ parses: true, risk: 'read', level: 0 });
    expect(facts.amount).toEqual({
      readable: true,
      total: '3.0000',
      largest: '3.0000',
      negative: false,
      currency: 'USD',
      count: 1,
    });
    expect(Object.keys(facts)).toEqual(['sql', 'amount']);
  });
});
