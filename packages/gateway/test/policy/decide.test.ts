import { describe, expect, test } from 'vitest';
import { createPolicy, type DecisionRequest, PolicyError } from '../../src/policy/index.ts';
import { policyOf, request, rule } from './requests.ts';

const OPEN = 'permit (principal, action, resource);';
// The policy of DESIGN.md §10, unchanged.
const ENGINEERS =
  'permit (principal in Sallyport::Group::"engineers", action in Sallyport::Action::"use", resource in Sallyport::Server::"everything");';

describe('a decision', () => {
  const cases: [
    title: string,
    policies: string[],
    asked: Partial<DecisionRequest>,
    effect: string,
    reasons: string[],
    names: string[],
  ][] = [
    ['without policies is a denial', [], {}, 'deny', ['no_permit'], []],
    ['allows what a group may do', [ENGINEERS], {}, 'allow', ['permitted'], ['p1']],
    [
      'allows connecting by the same policy',
      [ENGINEERS],
      { action: 'connect', resource: { type: 'Server', name: 'everything' } },
      'allow',
      ['permitted'],
      ['p1'],
    ],
    [
      'allows reading by the same policy',
      [ENGINEERS],
      { action: 'read', resource: { type: 'Resource', name: 'file:///a' } },
      'allow',
      ['permitted'],
      ['p1'],
    ],
    ['is for one server', [ENGINEERS], { server: 'other' }, 'deny', ['no_permit'], []],
    [
      'is for a service account as well',
      [ENGINEERS],
      { principal: { kind: 'service-account', name: 'ci', groups: ['x', 'engineers'] } },
      'allow',
      ['permitted'],
      ['p1'],
    ],
    [
      'is not for other groups',
      [ENGINEERS],
      { principal: { kind: 'user', name: 'engineers', groups: ['engineer', 'Engineers'] } },
      'deny',
      ['no_permit'],
      [],
    ],
    [
      'tells a user from a service account of the same name',
      ['permit (principal == Sallyport::ServiceAccount::"ann", action, resource);'],
      {},
      'deny',
      ['no_permit'],
      [],
    ],
    [
      'forbids over permitting',
      [ENGINEERS, 'forbid (principal, action, resource == Sallyport::Tool::"echo");'],
      {},
      'deny',
      ['forbidden'],
      ['p2'],
    ],
    [
      'matches a resource by its name',
      ['permit (principal, action, resource) when { resource.name like "file:///srv/*" };'],
      { action: 'read', resource: { type: 'Resource', name: 'file:///srv/a' } },
      'allow',
      ['permitted'],
      ['p1'],
    ],
    [
      'denies when a forbid fails, which Cedar would skip',
      [OPEN, rule('forbid', 'context.arguments.amount > 10')],
      { arguments: () => ({ amount: 'many' }) },
      'deny',
      ['policy_error'],
      ['p2'],
    ],
    [
      'denies when a forbid reads an argument that is not there',
      [OPEN, rule('forbid', 'context.arguments.amount > 10')],
      { arguments: () => ({}) },
      'deny',
      ['policy_error'],
      ['p2'],
    ],
    [
      'denies when a forbid reads arguments and there are none',
      [OPEN, rule('forbid', 'context.arguments.amount > 10')],
      {},
      'deny',
      ['policy_error'],
      ['p2'],
    ],
    [
      'names a forbid that applies and one that fails',
      [
        OPEN,
        rule('forbid', 'context.arguments.amount > 10'),
        rule('forbid', 'context.arguments.amount like "m*"'),
      ],
      { arguments: () => ({ amount: 'many' }) },
      'deny',
      ['forbidden', 'policy_error'],
      ['p2', 'p3'],
    ],
    [
      'does not permit by a permit that fails, and names it',
      [rule('permit', 'context.arguments.amount < 10')],
      { arguments: () => ({ amount: 'few' }) },
      'deny',
      ['no_permit'],
      ['p1'],
    ],
    [
      'permits by one permit while another fails',
      [rule('permit', 'context.arguments.amount < 10'), OPEN],
      { arguments: () => ({ amount: 'few' }) },
      'allow',
      ['permitted'],
      ['p2'],
    ],
    [
      'reads an argument',
      [rule('permit', 'context.arguments.amount < 10')],
      { arguments: () => ({ amount: 9 }) },
      'allow',
      ['permitted'],
      ['p1'],
    ],
    [
      'numbers the policies of a document, whatever their @id says',
      [
        `@id("z") ${rule('permit', 'context.arguments.amount < 3')} @id("a") ${OPEN} ${rule('forbid', '1 == 2 || resource.name == "rm"')}`,
      ],
      { arguments: () => ({ amount: 9 }) },
      'allow',
      ['permitted'],
      ['p1#2'],
    ],
    [
      'reads where a call comes from',
      [rule('permit', 'context has sourceIp && context.sourceIp.isInRange(ip("10.0.0.0/8"))')],
      { context: { era: 'legacy', sourceIp: '::ffff:10.1.2.3' } },
      'allow',
      ['permitted'],
      ['p1'],
    ],
    [
      'takes what is no address for absent',
      [rule('permit', 'context has sourceIp && context.sourceIp.isInRange(ip("10.0.0.0/8"))')],
      { context: { era: 'legacy', sourceIp: '10.0.0.0/8' } },
      'deny',
      ['no_permit'],
      [],
    ],
    [
      'reads client, session and era',
      [
        rule(
          'permit',
          'context has client && context has session && context.era == "modern" && context.client == "c"',
        ),
      ],
      { context: { era: 'modern', client: 'c', session: 's' } },
      'allow',
      ['permitted'],
      ['p1'],
    ],
  ];
  test.each(cases)('%s', (_title, policies, asked, effect, reasons, names) => {
    const policy = policyOf(...policies);
    const decision = policy.decide(request(asked));
    expect(decision).toEqual({ effect, reasons, policies: names, policyVersion: policy.version });
    // A second time: what was remembered is the same.
    expect(policy.decide(request(asked))).toEqual(decision);
  });

  test.each([
    ['context.era == "modern"', { era: 'legacy' }, { era: 'modern' }],
    ['context has client', { era: 'legacy' }, { era: 'legacy', client: '' }],
    [
      'context has client && context.client == "b"',
      { era: 'legacy', client: 'a' },
      { era: 'legacy', client: 'b' },
    ],
    [
      'context has session && context.session == "b"',
      { era: 'legacy', session: 'a' },
      { era: 'legacy', session: 'b' },
    ],
    [
      'context has sourceIp && context.sourceIp == ip("10.0.0.1")',
      { era: 'legacy', sourceIp: '10.0.0.2' },
      { era: 'legacy', sourceIp: '10.0.0.1' },
    ],
  ] as const)('is made anew for another fact of the call: %s', (condition, refused, allowed) => {
    const policy = policyOf(rule('permit', condition));
    const effects = [refused, allowed, refused, allowed].map(
      (context) => policy.decide(request({ context })).effect,
    );
    expect(effects).toEqual(['deny', 'allow', 'deny', 'allow']);
    expect([refused, allowed].map((context) => policy.couldAllow(request({ context })))).toEqual([
      false,
      true,
    ]);
  });

  test('before the first load is a denial', () => {
    const policy = createPolicy();
    expect(policy.decide(request())).toMatchObject({ effect: 'deny', reasons: ['policy_unavailable'] });
    expect(policy.couldAllow(request())).toBe(false);
  });

  test('numbers twelve policies of a document in the order of the text', () => {
    const texts = Array.from({ length: 12 }, (_, n) => rule('permit', `resource.name == "t${n + 1}"`));
    const policy = policyOf(texts.join('\n// between; "them\n'));
    for (const n of [1, 2, 10, 11, 12]) {
      const decision = policy.decide(request({ resource: { type: 'Tool', name: `t${n}` } }));
      expect(decision.policies).toEqual([`p1#${n}`]);
    }
  });

  test('does not ask for arguments that no policy reads', () => {
    const policy = policyOf(
      ENGINEERS,
      rule('forbid', 'context.arguments.amount > 1 && resource.name == "x"').replace(
        'resource)',
        'resource in Sallyport::Server::"other")',
      ),
    );
    const decision = policy.decide(
      request({
        arguments: () => {
          throw new Error('not to be called');
        },
      }),
    );
    expect(decision.effect).toBe('allow');
  });

  test('denies when the arguments cannot be read', () => {
    const policy = policyOf(OPEN, rule('forbid', 'context.arguments has amount'));
    const failing = () => {
      throw new Error('unreadable');
    };
    expect(policy.decide(request({ arguments: failing }))).toMatchObject({
      effect: 'deny',
      reasons: ['policy_error'],
    });
    for (const args of ['text', 3, [1], true]) {
      expect(policy.decide(request({ arguments: () => args })).reasons).toEqual(['policy_error']);
    }
  });
});

describe('load', () => {
  test('is all or nothing', () => {
    const policy = policyOf(ENGINEERS);
    const before = policy.version;
    expect(() =>
      policy.load([
        { name: 'open', cedar: OPEN },
        { name: 'broken', cedar: 'permit (principal, action, resource) when {\n  1 + };' },
      ]),
    ).toThrow(PolicyError);
    expect(policy.version).toBe(before);
    expect(policy.decide(request({ server: 'other' })).effect).toBe('deny');
    expect(policy.decide(request()).effect).toBe('allow');
  });

  test('says which document is wrong, and where', () => {
    const load = () => policyOf(OPEN, 'permit (principal, action, resource) when {\n  1 + };');
    expect(load).toThrow(/p2:2:7: unexpected token `}`/);
  });

  test('refuses two policies of one name', () => {
    const policy = createPolicy();
    const twice = [
      { name: 'a', cedar: OPEN },
      { name: 'a', cedar: ENGINEERS },
    ];
    expect(() => policy.load(twice)).toThrow(/already named a/);
    const alike = [
      { name: 'a', cedar: OPEN + ENGINEERS },
      { name: 'a#2', cedar: rule('forbid', 'true') },
    ];
    expect(() => policy.load(alike)).toThrow(/already named a#2/);
  });

  test('keeps a policy with a name that JavaScript gives a meaning', () => {
    const policy = createPolicy();
    policy.load([
      { name: 'open', cedar: OPEN },
      { name: '__proto__', cedar: 'forbid (principal, action, resource);' },
    ]);
    expect(policy.decide(request())).toMatchObject({ effect: 'deny', policies: ['__proto__'] });
  });

  test('forgets what was remembered', () => {
    const policy = policyOf(ENGINEERS);
    expect(policy.decide(request()).effect).toBe('allow');
    expect(policy.couldAllow(request())).toBe(true);
    policy.load([{ name: 'p1', cedar: ENGINEERS.replace('everything', 'other') }]);
    expect(policy.decide(request()).effect).toBe('deny');
    expect(policy.couldAllow(request())).toBe(false);
    policy.load([]);
    expect(policy.decide(request()).reasons).toEqual(['no_permit']);
  });

  test('gives the same texts the same version, in any order', () => {
    const version = (...policies: { name: string; cedar: string }[]) => {
      const policy = createPolicy();
      policy.load(policies);
      return policy.version;
    };
    const a = { name: 'a', cedar: OPEN };
    const b = { name: 'b', cedar: ENGINEERS };
    expect(version(a, b)).toBe(version(b, a));
    expect(version(a, b)).toMatch(/^[0-9a-f]{64}$/);
    const versions = [
      version(),
      version(a),
      version(b),
      version(a, b),
      version({ ...a, name: 'b' }, { ...b, name: 'a' }),
    ];
    expect(new Set(versions).size).toBe(versions.length);
  });
});

describe('couldAllow', () => {
  const cases: [string, string[], boolean][] = [
    ['without policies', [], false],
    ['with a permit that reads no argument', [ENGINEERS], true],
    ['with a permit that reads arguments', [rule('permit', 'context.arguments.amount < 3')], true],
    [
      'with a permit for something else that reads arguments',
      [
        rule('permit', 'context.arguments.amount < 3').replace(
          'resource)',
          'resource in Sallyport::Server::"other")',
        ),
      ],
      false,
    ],
    ['with a forbid that reads no argument', [OPEN, 'forbid (principal, action, resource);'], false],
    ['with a forbid that reads arguments', [OPEN, rule('forbid', 'context.arguments.amount > 3')], true],
    [
      'with a forbid that fails without arguments',
      [
        OPEN,
        rule('forbid', '9223372036854775807 + 1 > resource.name.length').replace(
          ' > resource.name.length',
          ' > 0',
        ),
      ],
      false,
    ],
    [
      'with a permit whose other condition does not hold',
      [
        `permit (principal, action, resource) when { context.era == "modern" } when { context.arguments.a == 1 };`,
      ],
      false,
    ],
  ];
  test.each(cases)('%s', (_title, policies, expected) => {
    const policy = policyOf(...policies);
    expect(policy.couldAllow(request())).toBe(expected);
    expect(policy.couldAllow(request())).toBe(expected);
  });
});
