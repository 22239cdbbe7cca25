import type { OwnedSlot } from './slot.ts';
import type { EntryDraft, TransportOutcome } from './types.ts';

/** Why a call's ending is written by the log itself. */
export type SettleReason = 'restart' | 'intent_not_confirmed' | 'outcome_not_confirmed';

interface OpenIntent {
  readonly call: string;
  readonly seq: string;
  readonly leaf: string;
}

// One pass over the run: looking for each intent's ending by itself takes minutes after a run of weeks.
const OPEN_SINCE_START = `
  WITH run AS MATERIALIZED (
    SELECT seq, call, kind FROM audit_entries
    WHERE slot = $1 AND call IS NOT NULL AND kind IN ('call.intent', 'call.outcome', 'call.indeterminate')
      AND seq > coalesce((SELECT max(seq) FROM audit_entries s WHERE s.slot = $1 AND s.kind = 'log.start'), -1)),
  open AS MATERIALIZED (SELECT min(seq) AS seq FROM run GROUP BY call HAVING bool_and(kind = 'call.intent'))
  SELECT i.call, i.seq, i.leaf FROM open JOIN audit_entries i ON i.slot = $1 AND i.seq = open.seq
  ORDER BY i.seq`;

const OPEN_OF = `
  SELECT i.call, i.seq, i.leaf FROM audit_entries i
  WHERE i.slot = $1 AND i.kind = 'call.intent' AND i.call = ANY ($2::text[])
    AND NOT EXISTS (
      SELECT FROM audit_entries e
      WHERE e.slot = $1 AND e.call = i.call AND e.kind IN ('call.outcome', 'call.indeterminate'))
  ORDER BY i.seq`;

/**
 * Intents a crash left without an ending. Every start settles those before it, so only what stands behind the last
 * `log.start` is looked at.
 */
export async function openSinceLastStart(owned: OwnedSlot): Promise<EntryDraft[]> {
  const { rows } = await owned.unhurried<OpenIntent>(OPEN_SINCE_START, [owned.slot]);
  return rows.map((intent) => indeterminate(intent, 'restart'));
}

/** Of calls whose intent or ending was told unavailable: those whose intent stands in the log without an ending. */
export async function openOf(
  owned: OwnedSlot,
  calls: ReadonlyMap<string, SettleReason>,
): Promise<EntryDraft[]> {
  if (calls.size === 0) return [];
  const { rows } = await owned.query<OpenIntent>(OPEN_OF, [owned.slot, [...calls.keys()]]);
  return rows.map((intent) => indeterminate(intent, calls.get(intent.call) ?? 'restart'));
}

/**
 * Whether the batch that was being written when the log was lost stands in it: it was one statement behind `size`
 * confirmed entries, and `ids` are its entries.
 */
export async function stands(owned: OwnedSlot, size: number, ids: readonly string[]): Promise<boolean> {
  if (ids.length === 0) return false;
  const { rows } = await owned.query<{ id: string }>(
    `SELECT leaf::json ->> 'id' AS id FROM audit_entries WHERE slot = $1 AND seq = $2`,
    [owned.slot, size],
  );
  return rows[0]?.id === ids[0];
}

/** What is known of a call whose ending was never recorded. Its answer has not been released (commit point 2). */
function indeterminate(intent: OpenIntent, reason: SettleReason): EntryDraft {
  // The leaf is our own canonical JSON: a draft with the envelope's members beside it.
  const known = JSON.parse(intent.leaf) as EntryDraft;
  // Whoever was told that the intent is not durable has sent nothing.
  const transport: TransportOutcome = reason === 'intent_not_confirmed' ? 'not_sent' : 'unknown';
  return {
    kind: 'call.indeterminate',
    ...pick(known, ['actor', 'session', 'server', 'agent', 'tool', 'method', 'request', 'grant', 'approval']),
    call: intent.call,
    outcome: { transport },
    fields: { reason, intentSeq: Number(intent.seq) },
  };
}

function pick<K extends keyof EntryDraft>(draft: EntryDraft, names: readonly K[]): Pick<EntryDraft, K> {
  const found = names.flatMap((name) => (draft[name] === undefined ? [] : [[name, draft[name]] as const]));
  // The members are the draft's own under their own names.
  return Object.fromEntries(found) as Pick<EntryDraft, K>;
}
