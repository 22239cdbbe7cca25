import { systemClock } from '@sallyport/shared/clock';
import { openStore } from '../../src/store/index.ts';
import { Pins } from '../../src/tools/pins.ts';
import type { RunningApi } from '../admin/running-api.ts';
import { quietLogger as logger } from '../store/postgres.ts';

/** Shows definitions as another replica that sees the servers would: the API reads what all have seen. */
export async function openShownTools(
  api: RunningApi,
  { firstUse }: { readonly firstUse: boolean },
): Promise<{ readonly pins: Pins; close(): Promise<void> }> {
  const store = await openStore({ databaseUrl: api.databaseUrl, logger });
  const pins = new Pins({
    store,
    logger,
    clock: systemClock,
    record: (entry) => api.rooms.audit.record(entry),
    firstUse: () => firstUse,
  });
  return { pins, close: () => store.close() };
}
