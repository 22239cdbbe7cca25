import type { Finding } from '@sallyport/shared/masking';
import type { EntryDraft, EntryValue } from '../audit/index.ts';
import { digestOf } from './record.ts';

/** Findings of one kind told apart in an entry at most; the counts by rule are always whole. */
const FINDINGS_MAX = 64;

/** What an entry says of a message that was masked: its digest as released, and how often each rule hid something. */
export function responseOf(raw: Buffer, findings: readonly Finding[]): NonNullable<EntryDraft['response']> {
  const counts: Record<string, number> = {};
  for (const { rule, count } of findings) counts[rule] = (counts[rule] ?? 0) + count;
  return { ...digestOf(raw), ...(findings.length === 0 ? {} : { findings: counts }) };
}

/** The findings one by one, for the entry's own fields: rule, detector, entity, carrier and count, never a value. */
export function findingFields(findings: readonly Finding[]): { findings?: EntryValue } {
  if (findings.length === 0) return {};
  return {
    findings: findings
      .slice(0, FINDINGS_MAX)
      .map(({ rule, detector, entity, carrier, count }) => ({ rule, detector, entity, carrier, count })),
  };
}

/** The fields of an entry with what was found in its request added. */
export function withFindings(
  { fields }: Pick<EntryDraft, 'fields'>,
  findings: readonly Finding[],
): Pick<EntryDraft, 'fields'> {
  const all = { ...fields, ...findingFields(findings) };
  return Object.keys(all).length === 0 ? {} : { fields: all };
}
