import { createPolicy, type DecisionRequest, type Policy } from '../../src/policy/index.ts';

/** A request of ann's, of the engineers, to call `echo` at `everything`; a test states what differs. */
export function request(differences: Partial<DecisionRequest> = {}): DecisionRequest {
  return {
    principal: { kind: 'user', name: 'ann', groups: ['engineers'] },
    action: 'call',
    server: 'everything',
    resource: { type: 'Tool', name: 'echo' },
    context: { era: 'legacy' },
    ...differences,
  };
}

/** A policy with these documents in force, named `p1`, `p2`, … */
export function policyOf(...texts: string[]): Policy {
  const policy = createPolicy();
  policy.load(texts.map((cedar, index) => ({ name: `p${index + 1}`, cedar })));
  return policy;
}

/** `permit`/`forbid` with an open scope and one condition. */
export function rule(effect: 'permit' | 'forbid', condition: string): string {
  return `${effect} (principal, action, resource) when { ${condition} };`;
}
