import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FlowRules, satisfied, standing } from '../../src/approval/flow.ts';
import { afterOpenTime, type BusinessHours, isOpen } from '../../src/approval/hours.ts';
import type { Vote } from '../../src/approval/types.ts';
import { GROUPS, person, rules } from './fixture.ts';

const at = (text: string): number => Date.parse(text);
const hours: BusinessHours = {
  timeZone: 'Europe/Berlin',
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '08:00',
  until: '18:00',
  outside: 'wait',
};
const requester = { kind: 'service-account', name: 'engineer' } as const;
const moment = { requestedMs: at('2026-03-02T09:00:00Z'), nowMs: at('2026-03-02T09:01:00Z') };
const groupsOf = (name: string): readonly string[] => GROUPS[name] ?? [];

function votesOf(flow: FlowRules, names: readonly string[]): Vote[] {
  const votes: Vote[] = [];
  for (const name of names) {
    const by = person(name);
    const stands = standing({ f: flow }, votes, by, requester, moment, groupsOf);
    if (stands === undefined) continue;
    votes.push({ by: { kind: by.kind, name }, effect: 'approve', method: 'token', at: '', ...stands });
  }
  return votes;
}

test('the clocks run in business hours only, through a weekend and a change of the clocks', () => {
  const minutes = (count: number): number => count * 60_000;
  // A Friday in winter, 17:30 local.
  expect(afterOpenTime(hours, at('2026-03-27T16:30:00Z'), minutes(60))).toBe(at('2026-03-30T06:30:00Z'));
  expect(afterOpenTime(hours, at('2026-03-28T12:00:00Z'), minutes(1))).toBe(at('2026-03-30T06:01:00Z'));
  expect(afterOpenTime(undefined, 0, minutes(60))).toBe(3_600_000);
  expect(isOpen(hours, at('2026-03-30T05:59:00Z'))).toBe(false);
  expect(isOpen(hours, at('2026-03-30T06:00:00Z'))).toBe(true);
  expect(isOpen(hours, at('2026-03-30T16:00:00Z'))).toBe(false);
});

test('open time that passes is never more than time that passes, and more of it never ends earlier', () => {
  const start = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2026-12-31T00:00:00Z') });
  const length = fc.integer({ min: 60_000, max: 3 * 24 * 3_600_000 });
  fc.assert(
    fc.property(start, length, fc.integer({ min: 0, max: 3_600_000 }), (from, ms, more) => {
      const end = afterOpenTime(hours, from, ms);
      expect(end - from).toBeGreaterThanOrEqual(ms);
      expect(afterOpenTime(hours, from, ms + more)).toBeGreaterThanOrEqual(end);
      expect(isOpen(hours, end - 1)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('each person fills one place of a flow, whichever lets the flow be satisfied', () => {
  const two: FlowRules = {
    ...rules,
    stages: [
      { approvers: ['treasury', 'risk'], needed: 1 },
      { approvers: ['risk'], needed: 1 },
    ],
  };
  expect(satisfied({ f: two }, votesOf(two, ['carol']))).toBe(false);
  // Carol would fit the first too; there she must not be counted, or nobody is left for the second.
  expect(satisfied({ f: two }, votesOf(two, ['carol', 'alice']))).toBe(true);
  expect(satisfied({ f: two }, votesOf(two, ['alice', 'bob']))).toBe(false);
});

test('in order, the second stage is nobody’s before the first is satisfied', () => {
  const ordered: FlowRules = {
    ...rules,
    order: 'in-order',
    stages: [
      { approvers: ['treasury'], needed: 2 },
      { approvers: ['risk'], needed: 1 },
    ],
  };
  expect(votesOf(ordered, ['carol', 'alice'])).toHaveLength(1);
  expect(satisfied({ f: ordered }, votesOf(ordered, ['alice', 'bob']))).toBe(false);
  expect(satisfied({ f: ordered }, votesOf(ordered, ['alice', 'bob', 'carol']))).toBe(true);
});

test('who stands in counts once, for somebody who is away now, and never for who asked', () => {
  const away = { begins: '2026-03-02T00:00:00Z', until: '2026-03-03T00:00:00Z' };
  const flow: FlowRules = {
    ...rules,
    delegations: [
      { from: 'engineer', to: 'eve', ...away },
      { from: 'alice', to: 'eve', ...away },
      { from: 'bob', to: 'dave', begins: '2026-03-03T00:00:00Z', until: '2026-03-04T00:00:00Z' },
    ],
  };
  const stands = (name: string) => standing({ f: flow }, [], person(name), requester, moment, groupsOf);
  expect(stands('eve')).toEqual({ seat: 'alice', counts: { f: [0] } });
  expect(stands('dave')).toBeUndefined();
  expect(stands('alice')?.seat).toBe('alice');
  const onlyOwn: FlowRules = { ...rules, delegations: [{ from: 'engineer', to: 'eve', ...away }] };
  expect(standing({ f: onlyOwn }, [], person('eve'), requester, moment, groupsOf)).toBeUndefined();
});

test('who it is escalated to may decide from then on, and not before', () => {
  const flow: FlowRules = { ...rules, escalation: [{ afterMinutes: 15, approvers: ['board'] }] };
  const dave = (nowMs: number) =>
    standing({ f: flow }, [], person('dave'), requester, { ...moment, nowMs }, groupsOf);
  expect(dave(moment.requestedMs + 14 * 60_000)).toBeUndefined();
  expect(dave(moment.requestedMs + 15 * 60_000)?.counts).toEqual({ f: [0] });
});
