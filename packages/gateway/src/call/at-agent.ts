import type { EntryDraft } from '../audit/index.ts';
import type { MaskedMessage } from '../masking/index.ts';
import type { Arrived } from '../session/index.ts';
import { findingFields, type LocatedFinding, located } from './findings.ts';
import { record } from './record.ts';
import type { Rooms } from './rooms.ts';
import { withheld } from './stages/mask.ts';

/** A message ready for release, with what either end took out of it. */
export interface Ready {
  readonly raw: Buffer;
  readonly findings: readonly LocatedFinding[];
}

/**
 * Requires that an agent has masked what came from it, by the rules that its call was decided with.
 * @throws Ending `withheld` where it has older rules or none, or keeps the message back itself
 */
export function requireMasked({ atAgent }: Arrived, rulesVersion: number): void {
  // The gateway's own messages have come through no agent.
  if (atAgent === undefined) return;
  if (atAgent.withheld !== '') {
    const reason = atAgent.withheld;
    throw withheld(`the agent could not mask it (${reason})`, undefined, { masking: reason, at: 'agent' });
  }
  if (atAgent.rulesVersion < rulesVersion) {
    throw withheld('the agent did not mask it by the rules in force', undefined, {
      masking: 'masking_rules',
      at: 'agent',
    });
  }
}

/**
 * Puts together what both ends found. What the agent let through and the gateway found is masked like anything else,
 * and recorded by itself: it has left the protected network, and somebody must learn why.
 */
export async function bothEnds(
  rooms: Pick<Rooms, 'audit' | 'logger' | 'counters'>,
  facts: Omit<EntryDraft, 'kind'>,
  { atAgent }: Arrived,
  { raw, findings }: MaskedMessage,
): Promise<Ready> {
  const here = located(findings, 'gateway');
  const all = [...located(atAgent?.findings ?? [], 'agent'), ...here];
  rooms.counters.masked(facts.server ?? '', all);
  if (here.length > 0 && atAgent !== undefined) {
    const { server, agent, call } = facts;
    rooms.logger.error('an agent let through what the gateway masks', { server, agent, call });
    await record(rooms, { ...facts, kind: 'masking.missed', fields: findingFields(here) }, true);
    rooms.counters.missed(facts.server ?? '');
  }
  return { raw, findings: all };
}
