import type { Store } from '../store/index.ts';
import type { Anchors } from './anchors/anchors.ts';
import { AnchorTable } from './anchors/table.ts';
import type { Checkpointer } from './checkpoint/checkpointer.ts';
import { readCheckpoints } from './checkpoint/table.ts';
import type { DiskWatch } from './disk.ts';
import { AuditError } from './errors.ts';
import type { Forwarder } from './forward/forwarder.ts';
import type { Log } from './log.ts';
import { keptPages } from './originals/pages.ts';
import type { PeriodKeys } from './originals/period-keys.ts';
import { recordsOf } from './originals/records.ts';
import type { Months } from './partitions/months.ts';
import { rangesOf } from './ranges.ts';
import { Drops, type DropsOptions } from './retention/drops.ts';
import type { Retention } from './retention/retention.ts';
import type { ExportSource } from './retention/write-export.ts';
import { type Extent, getEntry, readLeaves } from './search/read.ts';
import { searchLog, searchPage } from './search/search.ts';
import type { Summaries } from './search/summaries.ts';
import type { Audit, AuditAnchors } from './types.ts';
import { witnessDoor } from './witness/open.ts';
import type { Witnesses } from './witness/witnesses.ts';

/** What exports of months need. */
type Exporting = Pick<DropsOptions, 'folder' | 'logger' | 'now'> & Pick<ExportSource, 'receipts'>;

/** The audit room's door, on its opened parts. */
export function doorOf(
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
    retention,
    extent,
    exporting,
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
    retention: Retention;
    extent: () => Extent;
    exporting: Exporting;
  },
): Audit {
  const drops = new Drops({
    store,
    slot,
    retention,
    ...exporting,
    source: () => ({ ...audit, receipts: exporting.receipts }),
    record: (draft) => log.record(draft),
    begun: async (proposal) => {
      const found = await searchLog(store, slot, extent(), { kind: 'retention.dropped', limit: 100 });
      // The leaf is our own canonical JSON.
      return found.find(
        ({ leaf }) => (JSON.parse(leaf) as { fields?: { proposal?: string } }).fields?.proposal === proposal,
      );
    },
  });
  const audit: Audit = {
    origin,
    record: (draft, evidence) => log.record(draft, evidence),
    ...recordsOf(store, slot, log, periodKeys, summaries),
    ...keptPages(store, slot),
    ...rangesOf(store, slot, { extent, newest: () => checkpointer?.newest }),
    ...(witnesses === undefined ? {} : { witnesses: witnessDoor(store, slot, witnesses) }),
    ...(anchors === undefined ? {} : { anchors: anchorDoor(anchors, new AnchorTable(store, slot)) }),
    disk: () => disk?.state(),
    forwarding: () => forwarders.map((forwarder) => forwarder.state()),
    healthy: () => log.healthy() && refuses() === undefined,
    search: (query) => searchLog(store, slot, extent(), query),
    searchPage: (query) => searchPage(store, slot, extent(), query),
    get: (seq) => getEntry(store, slot, seq),
    size: () => log.size,
    first: () => retention.first(),
    retention: {
      status: () => retention.status(),
      exports: () => drops.state(),
      beginExport: (name, by) => drops.beginExport(name, by),
      order: (name) => drops.order(name),
      problem: (order) => drops.problem(order),
      drop: (order, by) => drops.drop(order, by),
    },
    signing: () => checkpointer?.state(),
    newestCheckpoint: () => checkpointer?.newest,
    makeCheckpoint: async () => {
      if (checkpointer === undefined) throw new AuditError('unavailable', 'This audit log has no signer.');
      return await checkpointer.make();
    },
    checkpoints: (from, limit) => readCheckpoints(store, slot, from, limit),
    leaves: (from, until) => readLeaves(store, slot, from, until),
    close: async () => {
      await drops.close();
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
  return audit;
}

function anchorDoor(anchors: Anchors, table: AnchorTable): AuditAnchors {
  return {
    state: () => anchors.state(),
    now: () => anchors.now(),
    page: (after, until, limit) => table.page(after, until, limit),
  };
}
