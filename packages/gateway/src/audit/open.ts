import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Sealer, Store } from '../store/index.ts';
import type { Anchors } from './anchors/anchors.ts';
import { type AnchorSettings, openAnchors } from './anchors/open.ts';
import { AnchorTable } from './anchors/table.ts';
import type { Checkpointer } from './checkpoint/checkpointer.ts';
import { openCheckpointer, openSigner, type SignerOptions } from './checkpoint/open.ts';
import type { LogSigner } from './checkpoint/signer.ts';
import { readCheckpoints } from './checkpoint/table.ts';
import { type DiskSettings, DiskWatch } from './disk.ts';
import { AuditError, unavailable } from './errors.ts';
import { Forwarder, type ForwardTarget } from './forward/forwarder.ts';
import { LAST_CHECKPOINT_MAX_MS } from './limits.ts';
import { Log } from './log.ts';
import { keptPages } from './originals/pages.ts';
import { PeriodKeys } from './originals/period-keys.ts';
import { recordsOf } from './originals/records.ts';
import { Months } from './partitions/months.ts';
import { rangesOf } from './ranges.ts';
import { getEntry, readLeaves } from './search/read.ts';
import { searchLog, searchPage } from './search/search.ts';
import { Summaries } from './search/summaries.ts';
import { OwnedSlot } from './slot.ts';
import { takeSlot } from './take-slot.ts';
import type { Audit, AuditAnchors, EntryDraft } from './types.ts';
import { openWitnesses, type WitnessSettings, witnessDoor } from './witness/open.ts';
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
  const summaries = new Summaries({ store, slot, logSize: () => log.size, logger });
  const forwarders = await Promise.all(
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
  });
}

function doorOf(
  store: Store,
  {
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
  }: {
    slot: number;
    origin: string;
    log: Log;
    checkpointer: Checkpointer | undefined;
    periodKeys: PeriodKeys | undefined;
    witnesses: Witnesses | undefined;
    anchors: Anchors | undefined;
    disk: DiskWatch | undefined;
    summaries: Summaries;
    forwarders: readonly Forwarder[];
    refuses: () => string | undefined;
    months: Months;
  },
): Audit {
  return {
    origin,
    record: (draft, evidence) => log.record(draft, evidence),
    ...recordsOf(store, slot, log, periodKeys, summaries),
    ...keptPages(store, slot),
    ...rangesOf(store, slot, { logSize: () => log.size, newest: () => checkpointer?.newest }),
    ...(witnesses === undefined ? {} : { witnesses: witnessDoor(store, slot, witnesses) }),
    ...(anchors === undefined ? {} : { anchors: anchorDoor(anchors, new AnchorTable(store, slot)) }),
    disk: () => disk?.state(),
    forwarding: () => forwarders.map((forwarder) => forwarder.state()),
    healthy: () => log.healthy() && refuses() === undefined,
    search: (query) => searchLog(store, slot, log.size, query),
    searchPage: (query) => searchPage(store, slot, log.size, query),
    get: (seq) => getEntry(store, slot, seq),
    size: () => log.size,
    signing: () => checkpointer?.state(),
    newestCheckpoint: () => checkpointer?.newest,
    makeCheckpoint: async () => {
      if (checkpointer === undefined) throw new AuditError('unavailable', 'This audit log has no signer.');
      return await checkpointer.make();
    },
    checkpoints: (from, limit) => readCheckpoints(store, slot, from, limit),
    leaves: (from, until) => readLeaves(store, slot, from, until),
    close: async () => {
      disk?.stop();
      await checkpointer?.stop();
      await witnesses?.stop();
      await anchors?.stop();
      await summaries.close();
      await Promise.all(forwarders.map((forwarder) => forwarder.stop()));
      await log.close();
      await months.close();
      periodKeys?.close();
    },
  };
}

function anchorDoor(anchors: Anchors, table: AnchorTable): AuditAnchors {
  return {
    state: () => anchors.state(),
    now: () => anchors.now(),
    page: (after, until, limit) => table.page(after, until, limit),
  };
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
