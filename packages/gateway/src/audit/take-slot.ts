import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../store/index.ts';
import { AuditError } from './errors.ts';
import { SLOT_PREFER_MS, SLOT_WAIT_MS, SLOTS_MAX } from './limits.ts';
import type { AuditOptions } from './open.ts';
import { OwnedSlot } from './slot.ts';

/**
 * Takes the given slot, or the first that is free, those that have a log already being preferred.
 *
 * @throws AuditError `slot_taken`, `origin_changed`, and what the store throws when Postgres is away.
 */
export async function takeSlot(
  options: Pick<AuditOptions, 'store' | 'slot'>,
  originOf: (slot: number) => string,
): Promise<OwnedSlot> {
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

/** Waits for a slot that an earlier owner's connection may still hold for a moment. */
async function takeWithin(
  store: Store,
  slot: number,
  origin: string,
  waitMs: number,
): Promise<OwnedSlot | undefined> {
  const began = performance.now();
  for (;;) {
    const owned = await OwnedSlot.take(store, slot, origin);
    if (owned !== undefined || performance.now() - began > waitMs) return owned;
    await sleep(50);
  }
}
