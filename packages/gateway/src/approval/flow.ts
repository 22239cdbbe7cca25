import { afterOpenTime, type BusinessHours, isOpen } from './hours.ts';
import type { Person, Vote } from './types.ts';

/** So many distinct people of these groups. */
export interface Stage {
  readonly approvers: readonly string[];
  readonly needed: number;
}

/** How an approval of one kind comes about: an ApprovalFlow document. */
export interface FlowRules {
  /** All of them. */
  readonly stages: readonly Stage[];
  /** `in-order`: a stage is asked once the one before is satisfied. */
  readonly order: 'any' | 'in-order';
  /** Then it is denied. Open minutes, where there are business hours. */
  readonly timeLimitMinutes: number;
  /** How long an approval can be used. */
  readonly validMinutes: number;
  /** How long a call is held open for its client. Default: as long as clients are known to wait. */
  readonly holdSeconds?: number;
  /** From then on these may decide too, for every stage. */
  readonly escalation: readonly { readonly afterMinutes: number; readonly approvers: readonly string[] }[];
  /** Who is away, and who stands in. */
  readonly delegations: readonly Delegation[];
  readonly businessHours?: BusinessHours;
  /** One person alone in an emergency, looked at afterwards. */
  readonly breakGlass?: {
    readonly approvers: readonly string[];
    readonly reviewers: readonly string[];
    readonly reviewMinutes: number;
  };
}

export interface Delegation {
  readonly from: string;
  readonly to: string;
  /** RFC 3339 instants. */
  readonly begins?: string;
  readonly until: string;
}

/** Where an approval stands in time. */
export interface Moment {
  readonly requestedMs: number;
  readonly nowMs: number;
}

export type FlowsRules = Readonly<Record<string, FlowRules>>;

/** Groups of an account by its name; none where there is no such account or it is switched off. */
export type GroupsOf = (name: string) => readonly string[];

const MINUTE_MS = 60_000;

/** When the first of the flows runs out. */
export function expiryOf(rules: FlowsRules, requestedMs: number): number {
  return Math.min(
    ...Object.values(rules).map(({ businessHours, timeLimitMinutes }) =>
      afterOpenTime(businessHours, requestedMs, timeLimitMinutes * MINUTE_MS),
    ),
  );
}

/** How long the approval can be used: as long as the strictest flow says. */
export function validMs(rules: FlowsRules): number {
  return Math.min(...Object.values(rules).map(({ validMinutes }) => validMinutes)) * MINUTE_MS;
}

/** The flow that takes no requests now, where there is one. */
export function closedFlow(rules: FlowsRules, nowMs: number): string | undefined {
  return Object.entries(rules).find(
    ([, { businessHours }]) => businessHours?.outside === 'deny' && !isOpen(businessHours, nowMs),
  )?.[0];
}

/** When more people are asked, in order. */
export function escalationsOf(
  rules: FlowsRules,
  requestedMs: number,
): { at: number; flow: string; index: number }[] {
  return Object.entries(rules)
    .flatMap(([flow, { escalation, businessHours }]) =>
      escalation.map(({ afterMinutes }, index) => ({
        at: afterOpenTime(businessHours, requestedMs, afterMinutes * MINUTE_MS),
        flow,
        index,
      })),
    )
    .sort((a, b) => a.at - b.at);
}

/** What a person's approval would count for, and in whose place; undefined where it counts for nothing. */
export function standing(
  rules: FlowsRules,
  votes: readonly Vote[],
  by: Person & { readonly groups: readonly string[] },
  requester: Person,
  moment: Moment,
  groupsOf: GroupsOf,
): { seat: string; counts: Record<string, number[]> } | undefined {
  const own = countsFor(rules, votes, by.groups, moment);
  if (Object.keys(own).length > 0) return { seat: by.name, counts: own };
  for (const [flow, { delegations }] of Object.entries(rules)) {
    for (const { from, to, begins, until } of delegations) {
      // Nobody stands in for who asks: that would be the requester's own voice.
      if (to !== by.name || from === requester.name || from === by.name) continue;
      if (begins !== undefined && moment.nowMs < Date.parse(begins)) continue;
      if (moment.nowMs >= Date.parse(until)) continue;
      const counts = countsFor({ [flow]: rules[flow] as FlowRules }, votes, groupsOf(from), moment); // cast: a key of it
      if (Object.keys(counts).length > 0) return { seat: from, counts };
    }
  }
  return undefined;
}

function countsFor(
  rules: FlowsRules,
  votes: readonly Vote[],
  groups: readonly string[],
  moment: Moment,
): Record<string, number[]> {
  const counts: Record<string, number[]> = {};
  for (const [flow, each] of Object.entries(rules)) {
    const escalated = each.escalation.some(
      ({ afterMinutes, approvers }) =>
        moment.nowMs >= afterOpenTime(each.businessHours, moment.requestedMs, afterMinutes * MINUTE_MS) &&
        approvers.some((group) => groups.includes(group)),
    );
    const open = each.order === 'any' ? undefined : currentStage(flow, each, votes);
    const stages = each.stages.flatMap(({ approvers }, index) =>
      (open === undefined || open === index) &&
      (escalated || approvers.some((group) => groups.includes(group)))
        ? [index]
        : [],
    );
    if (stages.length > 0) counts[flow] = stages;
  }
  return counts;
}

/** The first stage that is not satisfied by the votes, of a flow in order. */
function currentStage(flow: string, { stages }: FlowRules, votes: readonly Vote[]): number {
  for (let index = 0; index < stages.length; index += 1) {
    const voices = votes.filter(
      ({ effect, counts }) => effect === 'approve' && counts[flow]?.includes(index),
    );
    if (voices.length < (stages[index]?.needed ?? 1)) return index;
  }
  return stages.length;
}

/** Whether the votes satisfy every stage of every flow, each person counted for one stage of a flow. */
export function satisfied(rules: FlowsRules, votes: readonly Vote[]): boolean {
  return Object.entries(rules).every(([flow, { stages }]) => {
    const places = stages.flatMap(({ needed }, index) => Array.from({ length: needed }, () => index));
    const voices = votes.filter(({ effect }) => effect === 'approve').map(({ counts }) => counts[flow] ?? []);
    return places.length === matched(places, voices);
  });
}

/** How many places can be filled when each voice fills one (Kuhn's augmenting paths; a handful of either). */
function matched(places: readonly number[], voices: readonly (readonly number[])[]): number {
  const filledBy = new Map<number, number>();
  const fill = (voice: number, seen: Set<number>): boolean => {
    for (const [place, stage] of places.entries()) {
      if (seen.has(place) || !voices[voice]?.includes(stage)) continue;
      seen.add(place);
      const before = filledBy.get(place);
      if (before === undefined || fill(before, seen)) {
        filledBy.set(place, voice);
        return true;
      }
    }
    return false;
  };
  for (const voice of voices.keys()) fill(voice, new Set());
  return filledBy.size;
}

/** Flow that lets this person approve alone. */
export function breakableBy(rules: FlowsRules, groups: readonly string[]): boolean {
  return Object.values(rules).every(
    ({ breakGlass }) => breakGlass?.approvers.some((group) => groups.includes(group)) === true,
  );
}

export function reviewMs(rules: FlowsRules): number {
  return (
    Math.min(...Object.values(rules).map(({ breakGlass }) => breakGlass?.reviewMinutes ?? Infinity)) *
    MINUTE_MS
  );
}

/** Whether this person may look at what was done behind broken glass. */
export function mayReview(rules: FlowsRules, groups: readonly string[]): boolean {
  return Object.values(rules).some(({ breakGlass }) =>
    breakGlass?.reviewers.some((group) => groups.includes(group)),
  );
}

/** Every group that is named anywhere in the flows as one that decides. */
export function deciderGroups(rules: FlowsRules): Set<string> {
  return new Set(
    Object.values(rules).flatMap(({ stages, escalation, breakGlass }) => [
      ...stages.flatMap(({ approvers }) => approvers),
      ...escalation.flatMap(({ approvers }) => approvers),
      ...(breakGlass?.approvers ?? []),
      ...(breakGlass?.reviewers ?? []),
    ]),
  );
}
