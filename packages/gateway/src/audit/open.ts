import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Sealer, Store } from '../store/index.ts';
import type { Anchors } from './anchors/anchors.ts';
import { type AnchorSettings, openAnchors } from './anchors/open.ts';
import type { Checkpointer } from './checkpoint/checkpointer.ts';
import { openCheckpointer, openSigner, type SignerOptions } from './checkpoint/open.ts';
import type { LogSigner } from './checkpoint/signer.ts';
import { type DiskSettings, DiskWatch } from './disk.ts';
import { doorOf } from './door.ts';
import { AuditError, unavailable } from './errors.ts';
import { Forwarder, type ForwardTarget } from './forward/forwarder.ts';
import { LAST_CHECKPOINT_MAX_MS } from './limits.ts';
import { Log } from './log.ts';
import { PeriodKeys } from './originals/period-keys.ts';
import { Months } from './partitions/months.ts';
import { Retention } from './retention/retention.ts';
import type { RetentionClass } from './retention/types.ts';
import { type Extent, readLeaves } from './search/read.ts';
import { Summaries } from './search/summaries.ts';
import { OwnedSlot } from './slot.ts';
import { takeSlot } from './take-slot.ts';
import type { Audit, EntryDraft } from './types.ts';
import { openWitnesses, type WitnessSettings } from './witness/open.ts';
import type { Witnesses } from './witness/witnesses.ts';

export interface AuditOptions {
  readonly store: Store;
  /** The slot to own. Without one: the first that is free, those that have a log already being preferred. */
  readonly slot?: number;
  /** First part of the origin; no blank and no plus sign (C2SP tlog-checkpoint). */
  readonly deploymentName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Signs checkpoints. Without it the log is a tree that nobody vouches for: for tests of other rooms. */
  readonly signer?: SignerOptions;
  /** Seals exact requests. Without it none may be recorded: for tests of other rooms. */
  readonly sealer?: Sealer;
  /** The disk that the log is on, where it is the gateway's to watch. */
  readonly disk?: DiskSettings;
  /** How long entries are kept; five years where it says nothing. */
  readonly retentionClasses?: () => readonly RetentionClass[];
  /** The folder that exports of months are written to; without it none can be dropped. */
  readonly retentionFolder?: string;
  /** Agents' receipts that belong to entries from a seq up to but without another, for those exports. */
  readonly receipts?: (from: number, until: number) => AsyncIterable<readonly string[]>;
  /** Receivers that every entry is handed to. */
  readonly forwardTo?: readonly ForwardTarget[];
  /** Where they are anchored; without it nowhere. */
  readonly anchoring?: AnchorSettings;
  /** Who countersigns them; without it nobody does. */
  readonly witnessing?: WitnessSettings;
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
  const signer = await signerFor(options, owned, origin);
  const periodKeys = await periodKeysFor(options, owned);
  const months = await Months.open({ store, clock, logger }, owned.tailMs);
  let checkpointer: Checkpointer | undefined;
  let witnesses: Witnesses | undefined;
  let anchors: Anchors | undefined;
  let disk: DiskWatch | undefined;
  const refuses = (): string | undefined =>
    refusal(checkpointer) ?? witnesses?.refusal() ?? anchors?.refusal() ?? disk?.refusal();
  const log = new Log({
    origin,
    deploymentName,
    clock,
    logger,
    takeAgain: () => OwnedSlot.take(store, slot, origin),
    refuseCalls: refuses,
    onTime: (tsMs) => months.look(tsMs),
    ...(periodKeys === undefined ? {} : { periodKeys }),
    ...(signer === undefined ? {} : { startFields: { keys: signer.keyTexts } }),
    beforeRelease: async () => lastCheckpoint(checkpointer, logger),
  });
  if (signer?.last !== undefined) log.notBefore(signer.last.timeSeconds * 1_000);
  await log.start(owned).catch(asAuditError);
  if (signer !== undefined) {
    checkpointer = await openCheckpointer(
      signer,
      { store, slot, graceMs: options.signer?.graceMs },
      {
        clock,
        logger,
        head: () => log.head(),
        record: (draft) => log.record(draft),
        onSigned: (timeMs) => log.notBefore(timeMs),
        onKept: (checkpoint) => witnesses?.offer(checkpoint),
      },
    );
    if (options.witnessing !== undefined) {
      const record = (draft: EntryDraft) => log.record(draft);
      witnesses = await openWitnesses(options.witnessing, { store, slot, record, clock, logger });
      if (checkpointer.newest !== undefined) witnesses.offer(checkpointer.newest);
    }
    checkpointer.start();
    if (options.anchoring !== undefined && options.anchoring.anchors.length > 0) {
      const record = (draft: EntryDraft) => log.record(draft);
      const newest = () => checkpointer?.newest;
      anchors = await openAnchors(options.anchoring, { store, slot, origin, newest, record, clock, logger });
    }
  }
  if (options.disk !== undefined)
    disk = await DiskWatch.open({ ...options.disk, record: (draft) => log.record(draft), logger });
  logger.info('audit log opened', { origin, entries: log.size, keys: signer?.keyTexts });
  const retention = await Retention.open({
    store,
    slot,
    clock,
    classes: options.retentionClasses ?? (() => []),
    newestMs: () => log.head()?.lastTsMs ?? 0,
    waiting: (until) => waitingFor(forwarders, until),
  });
  const extent = (): Extent => ({ first: retention.first(), size: log.size });
  const summaries = new Summaries({ store, slot, extent, logger });
  const forwarders: Forwarder[] = await Promise.all(
    (options.forwardTo ?? []).map((target) =>
      Forwarder.open({
        target,
        store,
        slot,
        logSize: () => log.size,
        leaves: (from, until) => readLeaves(store, slot, from, until),
        record: (draft) => log.record(draft),
        clock,
        logger,
      }),
    ),
  );
  return doorOf(store, {
    slot,
    origin,
    log,
    checkpointer,
    periodKeys,
    witnesses,
    anchors,
    disk,
    summaries,
    forwarders,
    refuses,
    months,
    retention,
    extent,
    exporting: {
      folder: options.retentionFolder,
      receipts: options.receipts ?? noReceipts,
      logger,
      now: () => clock.now(),
    },
  });
}

/** Of a log without agents. */
async function* noReceipts(): AsyncGenerator<readonly string[]> {}

/** Receivers that still wait for entries before `until`: the log is their buffer. */
function waitingFor(forwarders: readonly Forwarder[], until: number): string[] {
  return forwarders
    .map((forwarder) => forwarder.state())
    .filter(({ confirmed }) => confirmed < until)
    .map(({ target }) => `the receiver ${target} still waits for its entries`);
}

/** The slot's signer; where it does not open, the slot is let go. */
async function signerFor(
  options: AuditOptions,
  owned: OwnedSlot,
  origin: string,
): Promise<LogSigner | undefined> {
  if (options.signer === undefined) return undefined;
  try {
    return await openSigner(options.signer, { store: options.store, slot: owned.slot, origin });
  } catch (error) {
    owned.abandon();
    throw error;
  }
}

/** The keys that originals are sealed with; where one does not open, the slot is let go and nothing is served. */
async function periodKeysFor(options: AuditOptions, owned: OwnedSlot): Promise<PeriodKeys | undefined> {
  const { store, sealer, clock, logger } = options;
  if (sealer === undefined) return undefined;
  try {
    return await PeriodKeys.open({ store, sealer, clock, logger });
  } catch (error) {
    owned.abandon();
    throw error;
  }
}

/** Why calls are refused for want of checkpoints (AUDIT.md, When it fails). */
function refusal(checkpointer: Checkpointer | undefined): string | undefined {
  const state = checkpointer?.state();
  if (state === undefined || state.ok || !state.callsRefused) return undefined;
  return `no checkpoint for ${Math.round(state.forMs / 1_000)} s: ${state.reason}`;
}

/** Covers the log's stop; a stop does not wait for it for long. */
async function lastCheckpoint(checkpointer: Checkpointer | undefined, logger: Logger): Promise<void> {
  if (checkpointer === undefined) return;
  const made = checkpointer.make().catch((error: unknown) => {
    logger.warn('the last checkpoint could not be made', { reason: errorText(error) });
  });
  await Promise.race([made, sleep(LAST_CHECKPOINT_MAX_MS, undefined, { ref: false })]);
}

function asAuditError(error: unknown): never {
  if (error instanceof AuditError) throw error;
  throw unavailable(errorText(error), error);
}
