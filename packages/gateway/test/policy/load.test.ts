import { describe, expect, test } from 'vitest';
import { createPolicy, PolicyError } from '../../src/policy/index.ts';
import { policyOf, request, rule } from './requests.ts';

const OPEN = 'permit (principal, action, resource);';
const ENGINEERS =
  'permit (principal in Sallyport::Group::"engineers", action in Sallyport::Action::"use", resource in Sallyport::Server::"everything");';

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
