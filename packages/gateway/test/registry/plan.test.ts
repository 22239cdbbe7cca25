import { expect, test } from 'vitest';
import { KIND_NAMES } from '../../src/registry/kinds/index.ts';
import { changer, open } from './fixture.ts';

test('defaults are filled in, and agent is the short form of agents', async () => {
  const { registry } = await open();
  const plan = registry.plan([{ kind: 'Server', name: 'everything', spec: { agent: 'quickstart' } }]);
  expect(plan.problems).toEqual([]);
  const { servers } = await registry.apply(plan, changer);
  expect(servers.get('everything')?.spec).toEqual({
    agents: ['quickstart'],
    enabled: true,
    idleMinutes: 15,
    absoluteMinutes: 720,
    callTimeoutSeconds: 300,
  });
});

test('all problems are found at once, each with its place, path and a hint', async () => {
  const { registry } = await open();
  const plan = registry.plan(
    [
      { kind: 'Sever', name: 'a', spec: {}, place: 'f.yaml:1' },
      { kind: 'Server', name: 'Bad Name', spec: { agents: [], idelMinutes: 3 }, place: 'f.yaml:2' },
      { kind: 'Server', name: 'b', spec: { agent: 'x', agents: ['y'], idleMinutes: 0, title: 'nul \0' } },
      { kind: 'Policy', name: 'p', spec: { cedar: 'bad' }, place: 'f.yaml:9' },
      { kind: 'Group', name: 'engineers', spec: {}, place: 'f.yaml:20' },
      { kind: 'Group', name: 'engineers', spec: {}, place: 'f.yaml:30' },
      { kind: 'ServiceAccount', name: 's', spec: { groups: ['enginers'], roles: ['king'] } },
      { kind: 'ServiceAccount', name: 't', spec: { groups: ['enginers', 'engineers'] } },
    ],
    [{ kind: 'Group', name: 'nobody' }],
  );
  const said = plan.problems.map(({ name, place, path, message }) => `${place ?? name} ${path}: ${message}`);
  expect(said).toEqual([
    'f.yaml:30 name: Group "engineers" is given twice (first at f.yaml:20).',
    `f.yaml:1 kind: There is no kind "Sever". Did you mean Server? Known kinds: ${KIND_NAMES.join(', ')}.`,
    'f.yaml:2 name: "Bad Name" cannot name a Server: 1 to 40 characters of a-z, 0-9 and -.',
    'f.yaml:2 idelMinutes: There is no member "idelMinutes". Did you mean "idleMinutes"?',
    'f.yaml:2 agents: must not have fewer than 1 items.',
    'b agent: Give either "agent" or "agents", not both.',
    'b idleMinutes: must be >= 1.',
    'b title: has a character that cannot be stored.',
    's roles[0]: must be one of administrator, policy-author, approver, auditor, custodian, operator, user.',
    'f.yaml:9 cedar: line 2, column 7: unexpected token (expected `;`)',
    'nobody name: There is no Group "nobody" to delete.',
    't groups[0]: There is no Group "enginers". Did you mean "engineers"?',
  ]);
  await expect(registry.apply(plan, changer)).rejects.toMatchObject({ code: 'invalid' });
  expect(registry.snapshot().version).toBe(0);
});

test('a group that an account is in cannot be deleted, unless the account goes too', async () => {
  const { registry } = await open();
  await registry.apply(
    registry.plan([
      { kind: 'ServiceAccount', name: 'robot', spec: { groups: ['engineers'] } },
      { kind: 'Group', name: 'engineers', spec: {} },
    ]),
    changer,
  );
  const group = { kind: 'Group', name: 'engineers' };
  expect(registry.plan([], [group]).problems).toEqual([
    { ...group, path: 'name', message: 'ServiceAccount "robot" is in Group "engineers". Take it out first.' },
  ]);
  const both = registry.plan([], [group, { kind: 'ServiceAccount', name: 'robot' }]);
  expect(both.problems).toEqual([]);
  const { groups, serviceAccounts } = await registry.apply(both, changer);
  expect([groups.size, serviceAccounts.size]).toEqual([0, 0]);
});

test('the diff shows what changes in the YAML form; the same again changes nothing', async () => {
  const { registry, entries } = await open();
  const policy = (cedar: string) => ({ kind: 'Policy', name: 'p', spec: { cedar } });
  const lines = Array.from({ length: 12 }, (_, index) => `permit ${index};`);
  const created = registry.plan([policy(`${lines.join('\n')}\n`)]);
  expect(created.changes[0]?.diff.split('\n').slice(0, 4)).toEqual([
    '@@ -0,0 +1,16 @@',
    '+kind: Policy',
    '+name: p',
    '+cedar: |',
  ]);
  await registry.apply(created, changer);
  expect(registry.plan([policy(`${lines.join('\n')}\n`)]).changes[0]).toMatchObject({
    effect: 'unchanged',
    diff: '',
  });
  const edited = registry.plan([policy(`${lines.toSpliced(6, 1, 'forbid 6;').join('\n')}\n`)]);
  expect(edited.changes[0]).toMatchObject({
    effect: 'update',
    diff: [
      '@@ -7,7 +7,7 @@',
      '   permit 3;',
      '   permit 4;',
      '   permit 5;',
      '-  permit 6;',
      '+  forbid 6;',
      '   permit 7;',
      '   permit 8;',
      '   permit 9;',
      '',
    ].join('\n'),
  });
  const before = entries.length;
  await registry.apply(registry.plan([policy(`${lines.join('\n')}\n`)]), changer);
  expect(entries.length).toBe(before);
  expect(registry.snapshot().version).toBe(1);
});

test('a server declares its arguments, in short or with options, and what is read from it', async () => {
  const { registry } = await open();
  const spec = (more: Record<string, unknown>) => [
    { kind: 'Server', name: 'bank', spec: { agent: 'a', ...more } },
  ];
  const plan = registry.plan(
    spec({
      arguments: {
        'run_*': { sql: 'sql', 'options.dir': { reader: 'path', roots: ['/srv'] } },
        transfer: { 'items[].amount': { reader: 'amount', currency: 'USD', scale: 2 } },
      },
      labels: { tools: { get_customer: ['customer-data'] }, findings: { card: ['card-data'] } },
    }),
  );
  expect(plan.problems).toEqual([]);
  const { servers } = await registry.apply(plan, changer);
  expect(servers.get('bank')?.spec.arguments?.['run_*']).toEqual({
    sql: { reader: 'sql' },
    'options.dir': { reader: 'path', roots: ['/srv'] },
  });
  const refused = registry.plan(
    spec({
      arguments: {
        c: { sql: 'sequel' },
        d: { sql: { reader: 'sql', rootz: [] } },
      },
      labels: { tools: { x: ['Not A Label'] } },
    }),
  );
  expect(refused.problems.map(({ path }) => path)).toEqual([
    'arguments.c.sql.reader',
    'arguments.d.sql.rootz',
    'labels.tools.x[0]',
  ]);
  const senseless = registry.plan(
    spec({
      arguments: {
        'a b': { sql: 'sql' },
        t: { a: { reader: 'sql', scale: 2 }, b: 'path', c: { reader: 'url', base: '/x' }, 'x..y': 'sql' },
      },
      labels: { tools: { 'a b': ['x'] } },
    }),
  );
  expect(senseless.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'labels.tools.a b: names no tool: write its name, with * for any characters.',
    'arguments.a b: names no tool: write its name, with * for any characters.',
    'arguments.t.a: currency, currencyArgument and scale are for the reader "amount".',
    'arguments.t.b: needs roots, the folders that paths may be in: without one no path is inside.',
    'arguments.t.c: roots and base are for the reader "path".',
    'arguments.t.x..y: names no argument: write `sql`, `options.query` or `items[].amount`.',
  ]);
});

test('rules that pin have names of their own, and none stands beside two people', async () => {
  const { registry } = await open();
  const plan = (more: object) =>
    registry
      .plan([{ kind: 'Server', name: 'bank', spec: { agent: 'a', ...more } }])
      .problems.map(({ path, message }) => `${path}: ${message}`);
  const rule = { name: 'reading', tools: ['get_*'] };
  expect(plan({ pinRules: [rule, { ...rule, name: 'more', changed: true }] })).toEqual([]);
  expect(plan({ pinRules: [rule, rule] })).toEqual([
    'pinRules[1].name: another rule is already named "reading".',
  ]);
  expect(plan({ pins: 'second-person', pinRules: [rule] })[0]).toContain('pinRules: pins without anybody');
  expect(plan({ pinRules: [{ ...rule, tools: [] }] })).toHaveLength(1);
});

test('a retention class below 12 months is refused, unless it says that it is meant', async () => {
  const { registry } = await open();
  const of = (spec: Record<string, unknown>) =>
    registry.plan([{ kind: 'Retention', name: 'reads', spec }]).problems;
  for (const keep of ['11m', '364d']) {
    expect(of({ kinds: ['log.read'], keep })).toMatchObject([
      { path: 'keep', message: expect.stringContaining('less than 12 months, which PCI DSS 10.5.1 demands') },
    ]);
    expect(of({ kinds: ['log.read'], keep, shorterThanAYear: true })).toEqual([]);
  }
  for (const keep of ['12m', '365d', '1y', '100y']) expect(of({ kinds: ['call.*'], keep })).toEqual([]);
  for (const keep of ['0y', '5', 'forever', '101y']) expect(of({ keep })).not.toEqual([]);
  expect(of({ kinds: ['Call'], keep: '5y' })).not.toEqual([]);
});
