import { describe, expect, test } from 'vitest';
import { createPolicy, type DecisionRequest } from '../../src/policy/index.ts';
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
