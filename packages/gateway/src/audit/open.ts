import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Store } from '../store/index.ts';
import { AuditError, unavailable } from './errors.ts';
import { SLOT_PREFER_MS, SLOT_WAIT_MS, SLOTS_MAX } from './limits.ts';
import { Log } from './log.ts';
import { getEntry, searchLog } from './search.ts';
import { OwnedSlot, takeWithin } from './slot.ts';
import type { Audit } from './types.ts';

export interface AuditOptions {
  readonly store: Store;
  /** The slot to own. Without one: the first that is free, those that have a log already being preferred. */
  readonly slot?: number;
  /** First part of the origin; no blank and no plus sign (C2SP tlog-checkpoint). */
  readonly deploymentName: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Takes a slot of the audit log, settles what a crash left open, and records `log.start`. Nothing may be served
 * before it resolves.
 *
 * Search and get read the owned slot; another replica's log is read at that replica.
 *
 * @throws AuditError `unavailable`, `slot_taken`, `origin_changed` or `invalid`.
 */
export async function openAudit(options: AuditOptions): Promise<Audit> {
  const { store, deploymentName, clock, logger } = options;
  if (!/^[^\s+]{1,100}$/.test(deploymentName)) {
    throw new AuditError(
      'invalid',
      'The deployment name must have 1 to 100 characters, without blanks and plus signs.',
    );
  }
  const originOf = (slot: number): string => `${deploymentName}/log/${slot}`;
  const owned = await takeSlot(options, originOf).catch(asAuditError);
  const { slot } = owned;
  const origin = originOf(slot);
  const takeAgain = (): Promise<OwnedSlot | undefined> => OwnedSlot.take(store, slot, origin);
  const log = new Log({ origin, deploymentName, clock, logger, takeAgain });
  await log.start(owned).catch(asAuditError);
  logger.info('audit log opened', { origin, entries: log.size });
  return {
    origin,
    record: (draft) => log.record(draft),
    healthy: () => log.healthy(),
    search: (query) => searchLog(store, slot, log.size, query),
    get: (seq) => getEntry(store, slot, seq),
    size: () => log.size,
    close: () => log.close(),
  };
}

async function takeSlot(options: AuditOptions, originOf: (slot: number) => string): Promise<OwnedSlot> {
  const { store, slot } = options;
  if (slot !== undefined) {
    const owned = await takeWithin(store, slot, originOf(slot), SLOT_WAIT_MS);
    if (owned !== undefined) return owned;
    throw new AuditError(
      'slot_taken',
      `Another gateway writes log ${slot}. Stop it, or give this one another slot.`,
    );
  }
  // After a crash the earlier connection holds the slot for a moment more; taking the next one would leave that
  // slot's open intents unsettled, so a slot with a log is tried for a while.
  const { rows } = await store.pool.query<{ slot: number }>(
    "SELECT DISTINCT slot FROM audit_entries WHERE kind = 'log.start'",
  );
  const known = rows.map((row) => row.slot).sort((a, b) => a - b);
  for (const candidate of known) {
    const owned = await takeWithin(store, candidate, originOf(candidate), SLOT_PREFER_MS);
    if (owned !== undefined) return owned;
  }
  for (let candidate = 0; candidate < SLOTS_MAX; candidate += 1) {
    const owned = known.includes(candidate)
      ? undefined
      : await OwnedSlot.take(store, candidate, originOf(candidate));
    if (owned !== undefined) return owned;
  }
  throw new AuditError('slot_taken', `All ${SLOTS_MAX} logs of this database are written by other gateways.`);
}

function asAuditError(error: unknown): never {
  if (error instanceof AuditError) throw error;
  throw unavailable(errorText(error), error);
}
