import { expect, test } from 'vitest';
import { createPolicy, type PolicySource } from '../../src/policy/index.ts';
import { request, rule } from './requests.ts';

const OPEN: PolicySource = { name: 'open', cedar: 'permit (principal, action, resource);' };
const dry = (cedar: string): PolicySource => ({ name: 'dry', cedar, mode: 'dry-run' });

function policyOf(...policies: PolicySource[]) {
  const policy = createPolicy();
  policy.load(policies);
  return policy;
}

test('a dry-run forbid blocks nothing and says what it would have done', () => {
  const policy = policyOf(OPEN, dry('forbid (principal, action, resource == Sallyport::Tool::"echo");'));
  const decision = policy.decide(request());
  expect(decision).toMatchObject({
    effect: 'allow',
    policies: ['open'],
    would: { effect: 'deny', reasons: ['forbidden'], policies: ['dry'] },
  });
  expect(policy.decide(request({ resource: { type: 'Tool', name: 'other' } })).would).toBeUndefined();
  expect(policy.couldAllow(request())).toBe(true);
});

test('a dry-run permit permits nothing', () => {
  const policy = policyOf(dry(rule('permit', 'context.arguments has x')));
  const decision = policy.decide(request({ arguments: () => ({ x: 1 }) }));
  expect(decision).toMatchObject({ effect: 'deny', reasons: ['no_permit'], would: { effect: 'allow' } });
  expect(policy.decide(request({ arguments: () => ({}) })).would).toBeUndefined();
  expect(policy.couldAllow(request())).toBe(false);
});

test('a dry-run demand holds nothing', () => {
  const demand =
    '@approval("f") forbid (principal, action, resource) unless { context has approval && context.approval.flows.contains("f") };';
  const decision = policyOf(OPEN, dry(demand)).decide(request());
  expect(decision).toMatchObject({ effect: 'allow', would: { effect: 'hold', flows: ['f'] } });
  expect(decision.flows).toBeUndefined();
});

test('a dry-run forbid that fails denies nothing', () => {
  const decision = policyOf(OPEN, dry(rule('forbid', 'context.arguments.amount > 1'))).decide(request());
  expect(decision).toMatchObject({ effect: 'allow', would: { effect: 'deny', reasons: ['policy_error'] } });
});

test('versions: the dry-run policies are not in the one that holds, and are in the one that would', () => {
  const before = policyOf(OPEN).version;
  const policy = policyOf(OPEN, dry('forbid (principal, action, resource);'));
  expect(policy.version).toBe(before);
  const { policyVersion, would } = policy.decide(request());
  expect(policyVersion).toBe(before);
  expect(would?.policyVersion).toBe(
    policyOf(OPEN, { ...dry('forbid (principal, action, resource);'), mode: 'enforce' }).version,
  );
});
