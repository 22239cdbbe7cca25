import type { Clock } from '@sallyport/shared/clock';
import type { Logger } from 'winston';
import type { Store } from '../../store/index.ts';
import { proverOf } from '../checkpoint/open.ts';
import { readCheckpoints } from '../checkpoint/table.ts';
import { CONFLICTS_MAX, WITNESS_AGE_MAX_MS, WITNESS_SETTLE_MS } from '../limits.ts';
import type { OutboundSettings } from '../outbound/send.ts';
import type { AuditWitnesses, EntryDraft } from '../types.ts';
import { askOverHttps } from './https.ts';
import type { WitnessPolicy } from './policy.ts';
import { WitnessTable } from './table.ts';
import { Witnesses } from './witnesses.ts';

export interface WitnessSettings {
  readonly policy: WitnessPolicy;
  /** How old the newest checkpoint with a quorum may become; 15 minutes by default. */
  readonly maxAgeMs?: number;
  /** Whether calls are refused past that age. */
  readonly refuses: boolean;
  readonly outbound: OutboundSettings;
}

/** Reads who countersigned in the runs before, and begins to ask. */
export async function openWitnesses(
  settings: WitnessSettings,
  given: {
    readonly store: Store;
    readonly slot: number;
    readonly record: (draft: EntryDraft) => Promise<unknown>;
    readonly clock: Clock;
    readonly logger: Logger;
  },
): Promise<Witnesses> {
  const { store, slot, record, clock, logger } = given;
  const [first] = await readCheckpoints(store, slot, 0, 1);
  return await Witnesses.open({
    policy: settings.policy,
    maxAgeMs: settings.maxAgeMs ?? WITNESS_AGE_MAX_MS,
    refuses: settings.refuses,
    askAt: (url) => askOverHttps(url, settings.outbound),
    table: new WitnessTable(store, slot),
    prove: proverOf(store, slot),
    noteOf: async (number) => (await readCheckpoints(store, slot, number, 1))[0]?.note,
    record,
    clock,
    logger,
    sinceMs: first === undefined ? clock.now() : Date.parse(first.ts),
  });
}

/** The door to them. */
export function witnessDoor(store: Store, slot: number, witnesses: Witnesses): AuditWitnesses {
  const table = new WitnessTable(store, slot);
  return {
    state: () => witnesses.state(),
    agentAttached: (agent, key, ask) => witnesses.agentAttached(agent, key, ask),
    settled: (checkpoint) => witnesses.settled(checkpoint, WITNESS_SETTLE_MS),
    cosigned: async ({ number, note }) => {
      const lines = (await table.cosignatures(number, number)).map(({ line }) => `${line}\n`);
      return `${note}${lines.join('')}`;
    },
    cosignatures: (from, until) => table.cosignatures(from, until),
    keys: () => table.keys(),
    conflicts: () => table.conflicts(CONFLICTS_MAX),
  };
}
