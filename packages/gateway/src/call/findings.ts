import type { EntryDraft, EntryValue } from '../audit/index.ts';
import { digestOf } from './record.ts';

/** A finding, and which of the two ends made it. */
export interface LocatedFinding {
  readonly rule: string;
  readonly detector: string;
  readonly entity: string;
  readonly carrier: string;
  readonly count: number;
  readonly at: 'agent' | 'gateway';
}

/** Findings of one kind told apart in an entry at most; the counts by rule are always whole. */
const FINDINGS_MAX = 64;

/** The findings of one end. */
export function located(
  findings: readonly Omit<LocatedFinding, 'at'>[],
  at: LocatedFinding['at'],
): LocatedFinding[] {
  return findings.map(({ rule, detector, entity, carrier, count }) => ({
    rule,
    detector,
    entity,
    carrier,
    count,
    at,
  }));
}

/** What an entry says of a message that was masked: its digest as released, and how often each rule hid something. */
export function responseOf(
  raw: Buffer,
  findings: readonly LocatedFinding[],
): NonNullable<EntryDraft['response']> {
  const counts: Record<string, number> = {};
  for (const { rule, count } of findings) counts[rule] = (counts[rule] ?? 0) + count;
  return { ...digestOf(raw), ...(findings.length === 0 ? {} : { findings: counts }) };
}

/** The findings one by one, for the entry's own fields: rule, detector, entity, carrier and count, never a value. */
export function findingFields(findings: readonly LocatedFinding[]): { findings?: EntryValue } {
  return findings.length === 0
    ? {}
    : { findings: findings.slice(0, FINDINGS_MAX).map((each) => ({ ...each })) };
}

/** The fields of an entry with what was found in its request added. */
export function withFindings(
  { fields }: Pick<EntryDraft, 'fields'>,
  findings: readonly LocatedFinding[],
): Pick<EntryDraft, 'fields'> {
  const all = { ...fields, ...findingFields(findings) };
  return Object.keys(all).length === 0 ? {} : { fields: all };
}
