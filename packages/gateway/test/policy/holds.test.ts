import { describe, expect, test } from 'vitest';
import { createPolicy, type DecisionRequest } from '../../src/policy/index.ts';
import { policyOf, request, rule } from './requests.ts';

const OPEN = 'permit (principal, action, resource);';

/** A forbid that an approval of this flow lifts. */
function demand(flow: string, condition = 'true'): string {
  return `@approval("${flow}") forbid (principal, action, resource) when { ${condition} } unless { context has approval && context.approval.flows.contains("${flow}") };`;
}

const approved = (...flows: string[]): DecisionRequest['context'] => ({
  era: 'legacy',
  approval: { flows },
});

describe('a forbid that an approval lifts', () => {
  const cases: [title: string, policies: string[], asked: Partial<DecisionRequest>, expected: object][] = [
    [
      'holds what would be permitted',
      [OPEN, demand('payments')],
      {},
      { effect: 'hold', reasons: ['approval_required'], flows: ['payments'], policies: ['p2'] },
    ],
    [
      'does not hold what nothing permits',
      [demand('payments')],
      {},
      { effect: 'deny', reasons: ['forbidden'], policies: ['p1'] },
    ],
    [
      'does not hold what another forbid denies as well',
      [OPEN, demand('payments'), 'forbid (principal, action, resource == Sallyport::Tool::"echo");'],
      {},
      { effect: 'deny', reasons: ['forbidden'], policies: ['p2', 'p3'] },
    ],
    [
      'does not hold where a forbid fails',
      [OPEN, demand('payments'), rule('forbid', 'context.arguments.amount > 3')],
      { arguments: () => ({}) },
      { effect: 'deny', reasons: ['forbidden', 'policy_error'] },
    ],
    [
      'does not hold where it fails itself',
      [OPEN, demand('payments', 'context.arguments.amount > 3')],
      { arguments: () => ({}) },
      { effect: 'deny', reasons: ['policy_error'], policies: ['p2'] },
    ],
    [
      'does not hold what only the lack of the approval permitted',
      [`${OPEN.slice(0, -1)} unless { context has approval };`, demand('payments')],
      {},
      { effect: 'deny', reasons: ['forbidden'], policies: ['p2'] },
    ],
    [
      'names all flows that are needed, once each and sorted',
      [OPEN, demand('two-eyes'), demand('payments'), demand('payments', 'context.era == "legacy"')],
      {},
      { effect: 'hold', flows: ['payments', 'two-eyes'], policies: ['p2', 'p3', 'p4'] },
    ],
    [
      'names only the flows that are still needed',
      [OPEN, demand('two-eyes'), demand('payments')],
      { context: approved('payments') },
      { effect: 'hold', flows: ['two-eyes'], policies: ['p2'] },
    ],
    [
      'is lifted by the approval',
      [OPEN, demand('payments')],
      { context: approved('payments') },
      { effect: 'allow', reasons: ['permitted'], policies: ['p1'] },
    ],
    [
      'is not lifted by another approval',
      [OPEN, demand('payments')],
      { context: approved('Payments', 'payment') },
      { effect: 'hold', flows: ['payments'] },
    ],
    [
      'denies where it stands although the approval is there',
      [OPEN, demand('payments').replace('};', '&& context.era == "modern" };')],
      { context: approved('payments') },
      { effect: 'deny', reasons: ['forbidden'], policies: ['p2'] },
    ],
    [
      'holds by what the arguments say',
      [OPEN, demand('payments', 'context.arguments has amount && context.arguments.amount > 10')],
      { arguments: () => ({ amount: 11 }) },
      { effect: 'hold', flows: ['payments'] },
    ],
    [
      'lets through what it does not ask about',
      [OPEN, demand('payments', 'context.arguments has amount && context.arguments.amount > 10')],
      { arguments: () => ({ amount: 10 }) },
      { effect: 'allow' },
    ],
  ];
  test.each(cases)('%s', (_title, policies, asked, expected) => {
    const policy = policyOf(...policies);
    const decision = policy.decide(request(asked));
    expect(decision).toMatchObject(expected);
    // Scripts act on its presence.
    expect('flows' in decision).toBe(decision.effect === 'hold');
    // A second time: what was remembered is the same.
    expect(policy.decide(request(asked))).toEqual(decision);
  });

  test('does not hide what it may be lifted for from lists', () => {
    expect(policyOf(OPEN, demand('payments')).couldAllow(request())).toBe(true);
    expect(
      policyOf(OPEN, demand('payments'), 'forbid (principal, action, resource);').couldAllow(request()),
    ).toBe(false);
    expect(policyOf(rule('permit', 'context has approval')).couldAllow(request())).toBe(true);
  });
});

describe('check refuses a demand', () => {
  const policy = createPolicy();
  test.each([
    ['that names no flow', demand('a b'), /names no flow/, /ApprovalFlow/],
    ['on a permit', demand('f').replace('forbid', 'permit'), /on a permit/, /write a forbid/],
    ['that no approval lifts', `@approval("f") ${OPEN.replace('permit', 'forbid')}`, /lift/, /add unless/],
    [
      'that another flow lifts',
      demand('f').replace('contains("f")', 'contains("g")'),
      /"f"/,
      /contains\("f"\)/,
    ],
    ['without a name', demand('f').replace('("f")', ''), /names no flow/, /ApprovalFlow/],
  ])('%s', (_title, text, message, help) => {
    const [problem, ...others] = policy.check(`${OPEN}\n${text}`);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ line: 2, column: 1 });
    expect(problem?.message).toMatch(message);
    expect(problem?.help).toMatch(help);
  });

  test('and tells which flows a text names', () => {
    expect(policy.flowsOf(`${demand('b')}\n${demand('a')}${OPEN}${demand('b')}`)).toEqual(['a', 'b']);
    expect(policy.flowsOf('permit (')).toEqual([]);
  });
});

describe('facts of a call', () => {
  const grant = { id: 'grt_1', reason: 'incident' };
  test.each<[string, DecisionRequest['context'], DecisionRequest['context']]>([
    ['context has grant', { era: 'legacy' }, { era: 'legacy', grant }],
    [
      'context has grant && context.grant has ticket && context.grant.ticket == "T1"',
      { era: 'legacy', grant: { ...grant, ticket: 'T2' } },
      { era: 'legacy', grant: { ...grant, ticket: 'T1' } },
    ],
    [
      'context has grant && context.grant.reason like "inc*"',
      { era: 'legacy', grant: { ...grant, reason: 'x' } },
      { era: 'legacy', grant },
    ],
    [
      'context.labels.contains("customer-data")',
      { era: 'legacy', labels: ['other'] },
      { era: 'legacy', labels: ['other', 'customer-data'] },
    ],
    ['!context.labels.isEmpty()', { era: 'legacy' }, { era: 'legacy', labels: ['a'] }],
    ['context has approval && context.approval.flows == ["a", "b"]', approved('a'), approved('b', 'a')],
  ])('are never mixed up by what is remembered: %s', (condition, refused, allowed) => {
    const policy = policyOf(rule('permit', condition));
    const effects = [refused, allowed, refused, allowed].map(
      (context) => policy.decide(request({ context })).effect,
    );
    expect(effects).toEqual(['deny', 'allow', 'deny', 'allow']);
  });

  test('are left out of what is remembered where no policy reads them', () => {
    const policy = policyOf(OPEN);
    const first = policy.decide(request({ context: { era: 'legacy', labels: ['a'], grant } }));
    expect(policy.decide(request({ context: { era: 'legacy' } }))).toBe(first);
  });

  test('risk is read by members that have types', () => {
    const policy = createPolicy();
    const check = (condition: string) =>
      policy.check(rule('forbid', condition)).map(({ message }) => message);
    expect(check('context.risk has sql && context.risk.sql.level >= 2')).toEqual([]);
    expect(check('context has risk.sql && !context.risk.sql.writes.isEmpty()')).toEqual([]);
    expect(check('context has risk.sql && context.risk.sql.wites.isEmpty()')[0]).toMatch(/wites/);
    expect(check('context.risk.sql.level >= 2')[0]).toMatch(/optional attribute/);
  });
});
