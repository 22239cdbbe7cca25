import { expect, test } from 'vitest';
import { ApprovalClaims } from '../../src/verify/approvals.ts';

const DIGEST = 'a'.repeat(64);
const bound = { digest: DIGEST, requester: 'erin', policyVersion: 'v1', flows: ['payments'] };

interface Made {
  kind: string;
  id: string;
  [member: string]: unknown;
}

let made = 0;
const step = (happening: string, state: string, more: object = {}, by = 'gateway'): Made => ({
  kind: `approval.${happening}`,
  id: `ent_${made++}`,
  approval: 'apr_1',
  actor: { name: by },
  server: 'bank',
  tool: 'pay',
  fields: { ...bound, state, ...more },
});
const requested = () => step('requested', 'pending', {}, 'erin');
const decided = (by = 'alice', more: object = {}) =>
  step('decided', 'approved', { effect: 'approve', ...more }, by);
const used = () => step('used', 'used', {}, 'erin');
const unconfirmed = (of: Made) => step('unconfirmed', 'pending', { entries: [of.id] });
const intent = (more: object = {}): Made => ({
  kind: 'call.intent',
  id: `ent_${made++}`,
  call: 'cal_1',
  actor: { name: 'erin' },
  server: 'bank',
  tool: 'pay',
  approval: 'apr_1',
  decision: { effect: 'allow', policyVersion: 'v1', on: { approvals: ['payments'] } },
  fields: { approvalDigest: DIGEST },
  ...more,
});

/** What is wrong with the first entry that is not as it should be, and how many calls were found approved. */
function told(...entries: readonly Made[]): string | number {
  const claims = new ApprovalClaims();
  for (const [seq, entry] of entries.entries()) {
    const wrong = claims.take(seq, entry);
    if (wrong !== undefined) return wrong;
  }
  return claims.approved;
}

test('a held call with its approval is proven, and calls that policy allows need none', () => {
  expect(told(requested(), decided(), used(), intent())).toBe(1);
  const allowed = { approval: undefined, decision: { effect: 'allow', policyVersion: 'v1', on: {} } };
  expect(told(intent(allowed))).toBe(0);
});

test('a decision whose confirmation was lost is the decision of a person all the same', () => {
  const lost = decided();
  expect(told(requested(), lost, unconfirmed(lost), used(), intent())).toBe(1);
  const spent = used();
  expect(told(requested(), decided(), spent, unconfirmed(spent), used(), intent())).toBe(1);
});

test('in a part of the log, what was asked for before it is counted, and what was asked for in it is proven', () => {
  const part = (...entries: readonly Made[]): string | [number, number] => {
    const claims = new ApprovalClaims(true);
    for (const [seq, entry] of entries.entries()) {
      const wrong = claims.take(seq, entry);
      if (wrong !== undefined) return wrong;
    }
    return [claims.approved, claims.askedBefore];
  };
  expect(part(requested(), decided(), used(), intent())).toEqual([1, 0]);
  expect(part(decided(), used(), intent())).toEqual([0, 1]);
  expect(part(used(), intent())).toEqual([0, 1]);
  expect(part(intent())).toEqual([0, 1]);
  expect(part(requested(), used(), intent())).toMatch(/not an approval spent/);
  expect(part(used(), intent(), intent({ call: 'cal_2' }))).toMatch(/which the call of entry 1 has used/);
});

const ATTACKS: Record<string, [readonly Made[], RegExp]> = {
  'nobody was asked': [[intent()], /under apr_1, which nobody was asked for/],
  'nobody decided': [[requested(), intent()], /which was pending and not an approval spent/],
  'nobody decided, and it was spent': [[requested(), used(), intent()], /not an approval spent/],
  'it was denied': [
    [requested(), step('decided', 'denied', { effect: 'deny' }, 'alice'), used(), intent()],
    /not an approval spent/,
  ],
  'it had expired': [
    [requested(), decided(), step('expired', 'expired'), used(), intent()],
    /not an approval spent/,
  ],
  'it was never spent': [[requested(), decided(), intent()], /which was approved and not an approval spent/],
  'the spending was not confirmed': [
    (() => {
      const spent = used();
      return [requested(), decided(), spent, unconfirmed(spent), intent()];
    })(),
    /not an approval spent/,
  ],
  'it is used twice': [
    [requested(), decided(), used(), intent(), intent({ call: 'cal_2' })],
    /which the call of entry 3 has used/,
  ],
  'it was given to something else': [
    [requested(), decided(), used(), intent({ fields: { approvalDigest: 'b'.repeat(64) } })],
    /the digests differ/,
  ],
  'the intent does not say what it was given to': [
    [requested(), decided(), used(), intent({ fields: {} })],
    /the digests differ/,
  ],
  'it changes what it is bound to': [
    [requested(), decided('alice', { digest: 'b'.repeat(64) }), used(), intent()],
    /bound to something else than before/,
  ],
  'who asked approves': [[requested(), decided('erin'), used(), intent()], /approved by erin, who asked/],
  "another's approval is used": [
    [requested(), decided(), used(), intent({ actor: { name: 'mallory' } })],
    /which erin asked for, and not mallory/,
  ],
  'it is for another tool': [
    [requested(), decided(), used(), intent({ tool: 'drain' })],
    /another server or tool/,
  ],
  'policies were others': [
    [requested(), decided(), used(), intent({ decision: { effect: 'allow', policyVersion: 'v2' } })],
    /given under other policies/,
  ],
  'the intent hides which approval it was': [
    [requested(), decided(), used(), intent({ approval: undefined })],
    /because of an approval, and names none/,
  ],
  'a call that policy held is sent': [
    [intent({ decision: { effect: 'hold', policyVersion: 'v1' } })],
    /the decision in it is hold/,
  ],
};

test.each(Object.entries(ATTACKS))('%s: said', (_what, [entries, says]) => {
  expect(told(...entries)).toMatch(says);
});
