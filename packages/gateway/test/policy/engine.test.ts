import { expect, test } from 'vitest';
import { EngineFailure } from '../../src/policy/engine.ts';
import { createPolicy } from '../../src/policy/index.ts';
import { PREPARED_SETS_MAX } from '../../src/policy/limits.ts';
import { type Call, PreparedSets } from '../../src/policy/prepared-sets.ts';
import { Remembered } from '../../src/policy/remembered.ts';
import { request } from './requests.ts';

const call: Call = {
  principal: { type: 'U', id: 'u' },
  action: { type: 'Action', id: 'a' },
  resource: { type: 'R', id: 'r' },
  context: {},
  entities: [],
};
const PERMIT = { p: 'permit (principal, action, resource);' };
const DEEP = `permit (principal, action, resource) when { ${'('.repeat(5000)}true${')'.repeat(5000)} };`;

test('an engine that traps starts anew, and its sets are prepared again', () => {
  const sets = new PreparedSets();
  expect(sets.evaluate(PERMIT, call).decision).toBe('allow');
  expect(() => sets.engine.run((cedar) => cedar.policySetTextToParts(DEEP))).toThrow(EngineFailure);
  expect(sets.evaluate(PERMIT, call).decision).toBe('allow');
});

test('a set that the engine does not take is a failure and leaves the others alone', () => {
  const sets = new PreparedSets();
  expect(() => sets.evaluate({ p: 'permit (' }, call)).toThrow(EngineFailure);
  expect(sets.evaluate(PERMIT, call).decision).toBe('allow');
  expect(() => sets.evaluate(PERMIT, { ...call, context: { a: null } })).toThrow(EngineFailure);
});

test('more sets than are kept ready are evaluated as themselves', () => {
  const sets = new PreparedSets();
  const all = Array.from({ length: PREPARED_SETS_MAX + 5 }, (_, n) => ({
    [`p${n}`]: 'permit (principal, action, resource);',
  }));
  for (const round of [1, 2]) {
    all.forEach((set, n) => {
      expect([round, sets.evaluate(set, call).diagnostics.reason]).toEqual([round, [`p${n}`]]);
    });
  }
  sets.clear();
  expect(sets.evaluate(PERMIT, call).decision).toBe('allow');
});

test('a failure of the engine while deciding denies and is logged without what was decided on', () => {
  const logged: unknown[] = [];
  const policy = createPolicy({ logger: { error: (message, detail) => logged.push([message, detail]) } });
  policy.load([
    { name: 'open', cedar: 'permit (principal, action, resource) when { context.arguments has a };' },
  ]);
  // Half of a surrogate pair, which no parser of ours lets through, is no text to the engine.
  const decision = policy.decide(request({ arguments: () => ({ a: 'payload \ud800' }) }));
  expect(decision).toMatchObject({ effect: 'deny', reasons: ['policy_unavailable'] });
  expect(logged).toHaveLength(1);
  expect(JSON.stringify(logged)).not.toContain('payload');
});

test('what is remembered is bounded and what is used stays', () => {
  const remembered = new Remembered<number>(10);
  for (let n = 0; n < 1000; n += 1) {
    remembered.set(`${n}`, n);
    expect(remembered.get('0')).toBe(0);
    expect(remembered.size).toBeLessThanOrEqual(10);
  }
  expect(remembered.get('1')).toBeUndefined();
});
