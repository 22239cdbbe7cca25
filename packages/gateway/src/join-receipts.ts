import { systemClock } from '@sallyport/shared/clock';
import type { Audit } from './audit/index.ts';
import { RECEIPTS_ANSWER_MAX_MS, Receipts } from './receipt/index.ts';
import type { Store } from './store/index.ts';
import type { Logger } from './telemetry/index.ts';
import type { Tunnel } from './tunnel/index.ts';

/** This replica's slot of the log. */
const SLOT = 0;

/** Joins receipts: agents are asked through the tunnel, what comes of it is recorded in the log. */
export function joinReceipts(given: {
  readonly store: Store;
  readonly logger: Logger;
  readonly audit: Audit;
  readonly tunnel: () => Tunnel | undefined;
}): Receipts {
  const { store, logger, audit, tunnel } = given;
  return new Receipts({
    store,
    slot: SLOT,
    clock: systemClock,
    logger,
    ask: async (agent, known) => await tunnel()?.receipts(agent, known, RECEIPTS_ANSWER_MAX_MS),
    record: ({ agent, ...entry }) =>
      audit.record({ ...entry, actor: { kind: 'agent', name: agent }, agent, control: ['AU-10'] }),
    logSize: () => audit.size(),
  });
}
