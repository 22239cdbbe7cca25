import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ACTIONS, createPolicy, type DecisionRequest, type RiskFacts } from '../../src/policy/index.ts';
import { PreparedSets } from '../../src/policy/prepared-sets.ts';

/*
 * What is decided must not depend on slices, on what is remembered, or on which arguments and facts are left out: against
 * all policies at once in an engine of its own, with entities and context written here once more.
 */

const S = 'Sallyport::';
const principalScope = fc.constantFrom(
  'principal',
  `principal == ${S}User::"ann"`,
  `principal == ${S}ServiceAccount::"ann"`,
  `principal in ${S}Group::"g1"`,
  `principal in ${S}Group::"g2"`,
  `principal in ${S}User::"bob"`,
  `principal is ${S}User`,
  `principal is ${S}ServiceAccount in ${S}Group::"g1"`,
);
const actionScope = fc.constantFrom(
  'action',
  `action == ${S}Action::"call"`,
  `action in ${S}Action::"use"`,
  `action in [${S}Action::"read", ${S}Action::"connect"]`,
  `action in [${S}Action::"use"]`,
);
const resourceScope = fc.constantFrom(
  'resource',
  `resource == ${S}Tool::"t1"`,
  `resource in ${S}Server::"s1"`,
  `resource in ${S}Server::"s2"`,
  `resource is ${S}Tool`,
  `resource is ${S}Resource in ${S}Server::"s1"`,
  `resource in ${S}Tool::"t2"`,
);
const condition = fc.constantFrom(
  'true',
  'context.era == "legacy"',
  'context has client && context.client like "c*"',
  'context has sourceIp && context.sourceIp.isInRange(ip("10.0.0.0/8"))',
  'principal.name == resource.name',
  'resource.name like "t*"',
  'context.arguments.x > 2',
  'context.arguments has x && context.arguments.x <= 2',
  'context has arguments.y.z && context.arguments.y.z == "x"',
  'context.arguments.y like "x*"',
  'context.arguments == context.arguments',
  '{Value: context.arguments}.Value has x',
  '["x"].contains(context.arguments.x)',
  '9223372036854775807 + 1 > 0 || context.arguments has x',
  'context.labels.contains("pii")',
  'context has grant.ticket && context.grant.ticket like "c*"',
  'context has grant && context.grant == {id: "g", reason: "r"}',
  '{v: context}.v has client',
  'context.risk has path',
  'context.risk.path.count > 0',
  'context has risk.path.climbs && context.risk.path.climbs',
  'context.risk has path && context.risk.path.paths.contains("x")',
  'context.risk has path && context.risk.path == context.risk.path && {v: context.risk.path}.v.hidden',
  '{v: context.risk}.v has path',
  '(if context.risk has path then context.risk.path.absolute else context.era == "legacy")',
);
const clause = fc
  .tuple(fc.constantFrom('when', 'unless'), condition)
  .map(([kind, body]) => `${kind} { ${body} }`);
const policyText = fc
  .record({
    effect: fc.constantFrom('permit', 'permit', 'forbid'),
    scope: fc.tuple(principalScope, actionScope, resourceScope),
    clauses: fc.array(clause, { maxLength: 2 }),
  })
  .map(({ effect, scope, clauses }) => `${effect} (${scope.join(', ')}) ${clauses.join(' ')};`);
const documents = fc
  .array(fc.array(policyText, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 })
  .map((texts) => texts.map((policies, n) => ({ name: `d${n}`, cedar: policies.join('\n') })));

const resource = fc.oneof(
  fc.constantFrom('t1', 't2', 'ann').map((name) => ({ type: 'Tool' as const, name })),
  fc.constantFrom('r1', 't1').map((name) => ({ type: 'Resource' as const, name })),
  fc.constant({ type: 'Server' as const, name: '' }),
);
const value = fc.constantFrom(1, 3, 'x', true, ['x'], { z: 'x' }, { z: 1 }, null);
const asked = fc
  .record({
    principal: fc.record({
      kind: fc.constantFrom('user' as const, 'service-account' as const),
      name: fc.constantFrom('ann', 'bob'),
      groups: fc.subarray(['g2', 'g1', 'g3']),
    }),
    action: fc.constantFrom(...ACTIONS),
    server: fc.constantFrom('s1', 's2'),
    resource,
    context: fc.record(
      {
        era: fc.constantFrom('legacy' as const, 'modern' as const),
        client: fc.constantFrom('c', 'd'),
        sourceIp: fc.constantFrom('10.1.1.1', '192.168.0.1'),
        labels: fc.subarray(['pii', 'other']),
        grant: fc.constantFrom({ id: 'g', reason: 'r' }, { id: 'g', reason: 'r', ticket: 'c1' }),
      },
      { requiredKeys: ['era'] },
    ),
  })
  .map((one) =>
    one.resource.type === 'Server' ? { ...one, resource: { ...one.resource, name: one.server } } : one,
  );
const args = fc.record({ x: value, y: value, unread: value }, { requiredKeys: [] });

/** Requests that share most of their parts, so that one part left out of what is remembered by would show. */
const related = fc
  .tuple(
    asked,
    asked,
    fc.array(fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }), { minLength: 8, maxLength: 16 }),
  )
  .map(([one, other, picks]) =>
    picks.map(([kind, name, groups, action, server, thing, context]) => {
      const mixed = {
        principal: {
          kind: (kind ? one : other).principal.kind,
          name: (name ? one : other).principal.name,
          groups: (groups ? one : other).principal.groups,
        },
        action: (action ? one : other).action,
        server: (server ? one : other).server,
        resource: (thing ? one : other).resource,
        context: (context ? one : other).context,
      };
      return mixed.resource.type === 'Server'
        ? { ...mixed, resource: { ...mixed.resource, name: mixed.server } }
        : mixed;
    }),
  );

/** Only policies that `check` accepts can be loaded. */
function accepted(texts: { name: string; cedar: string }[]): boolean {
  return texts.every(({ cedar }) => checker.check(cedar).length === 0);
}
const checker = createPolicy();
const DECLARED = new Map([['s1', [{ tool: 't1', argument: 'y', reader: 'path' as const }]]]);
const sets = new PreparedSets();

function reference(
  texts: Record<string, string>,
  request: Omit<DecisionRequest, 'arguments'>,
  given: object,
  risk: RiskFacts,
) {
  const { principal, context } = request;
  const who = { type: `${S}${principal.kind === 'user' ? 'User' : 'ServiceAccount'}`, id: principal.name };
  const what = { type: S + request.resource.type, id: request.resource.name };
  const use = { type: `${S}Action`, id: 'use' };
  const action = { type: `${S}Action`, id: request.action };
  const server = { type: `${S}Server`, id: request.server };
  const { decision, diagnostics } = sets.evaluate(texts, {
    principal: who,
    action,
    resource: what,
    entities: [
      {
        uid: who,
        attrs: { name: who.id },
        parents: principal.groups.map((id) => ({ type: `${S}Group`, id })),
      },
      { uid: what, attrs: { name: what.id }, parents: what.type === server.type ? [] : [server] },
      { uid: action, attrs: {}, parents: action.id === 'request' ? [] : [use] },
    ],
    context: {
      era: context.era,
      ...(context.client === undefined ? {} : { client: context.client }),
      ...(context.sourceIp === undefined
        ? {}
        : { sourceIp: { __extn: { fn: 'ip', arg: context.sourceIp } } }),
      labels: [...(context.labels ?? [])],
      ...(context.grant === undefined ? {} : { grant: { ...context.grant } }),
      arguments: Object.fromEntries(Object.entries(given).filter(([, one]) => one !== null)),
      // Facts of paths have no form of their own in the engine; a cast because their types are read-only.
      risk: risk as CedarValueJson,
    },
  });
  const failed = diagnostics.errors.map(({ policyId }) => policyId);
  const forbidFailed = failed.some((id) => texts[id]?.startsWith('forbid'));
  return {
    effect: decision === 'allow' && !forbidFailed ? 'allow' : 'deny',
    forbidFailed,
    forbidden: decision === 'deny' && diagnostics.reason.length > 0,
    reason: diagnostics.reason,
  };
}

test('slices, memory and arguments left out never change a decision, and couldAllow covers what is allowed', () => {
  let allowed = 0;
  let denied = 0;
  const property = fc.property(
    documents,
    related,
    fc.array(args, { minLength: 4, maxLength: 4 }),
    (texts, asks, someArguments) => {
      fc.pre(accepted(texts));
      const requests = asks.map((ask, n) => [ask, someArguments[n % 4] ?? {}] as const);
      const policy = createPolicyOnce();
      policy.load(texts, { arguments: DECLARED });
      const all = Object.fromEntries(
        texts.flatMap(({ name, cedar }) => {
          const lines = cedar.split('\n');
          return lines.map((line, n) => [lines.length === 1 ? name : `${name}#${n + 1}`, line]);
        }),
      );
      for (const [request, given] of [...requests, ...requests]) {
        const risk = request.resource.type === 'Tool' ? riskOf(request, given) : {};
        const expected = reference(all, request, given, risk);
        const decision = policy.decide({ ...request, arguments: () => given });
        expect(decision.effect).toBe(expected.effect);
        expect(decision.reasons.includes('policy_error')).toBe(expected.forbidFailed);
        expect(decision.reasons.includes('forbidden')).toBe(expected.forbidden);
        if (expected.effect === 'allow') expect(decision.policies).toEqual([...expected.reason].sort());
        if (decision.effect === 'allow') {
          allowed += 1;
          expect(policy.couldAllow(request)).toBe(true);
        } else denied += 1;
      }
    },
  );
  fc.assert(property, { numRuns: 100 });
  // The property says little if nothing was allowed.
  expect(Math.min(allowed, denied)).toBeGreaterThan(50);
});

/** All facts, whichever policies read. */
function riskOf({ server, resource }: Omit<DecisionRequest, 'arguments'>, given: object): RiskFacts {
  return checker.riskOf({ server, tool: resource.name, arguments: given });
}

// One engine for all runs: a new one takes longer than a run.
const createPolicyOnce = () => checker;
