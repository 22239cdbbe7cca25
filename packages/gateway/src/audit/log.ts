import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import { newId } from '@sallyport/shared/ids';
import type { Logger } from 'winston';
import { AuditError, unavailable } from './errors.ts';
import { prepareLeaf, type Unplaced } from './leaf.ts';
import { FLUSH_MAX_ENTRIES, RECOVER_FIRST_MS, RECOVER_MAX_MS, SETTLED_MAX_CALLS } from './limits.ts';
import { keep } from './originals/keep.ts';
import type { PeriodKeys } from './originals/period-keys.ts';
import { isEnding, Queue, type Waiting } from './queue.ts';
import { openOf, openSinceLastStart, type SettleReason, stands } from './settle.ts';
import type { OwnedSlot } from './slot.ts';
import type { EntryDraft, EntryValue, Evidence, Recorded } from './types.ts';

/** Entries before work begins. When calls are refused, these are; what else happens must still be recorded. */
const OPENS_WORK: ReadonlySet<string> = new Set(['call.intent', 'session.start']);

interface LogOptions {
  readonly origin: string;
  readonly deploymentName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes the slot again after it was lost; undefined while another has it. */
  readonly takeAgain: () => Promise<OwnedSlot | undefined>;
  /** Why a new call must not be recorded now, although it could be. */
  readonly refuseCalls?: () => string | undefined;
  /** Members of log.start, beside its own. */
  readonly startFields?: Readonly<Record<string, EntryValue>>;
  /** Seals exact requests. Without it none may be given. */
  readonly periodKeys?: Pick<PeriodKeys, 'current'>;
  /** Told the time of every entry, milliseconds since 1970, before it is written. */
  readonly onTime?: (tsMs: number) => void;
  /** Last work on the log, behind its stop. */
  readonly beforeRelease?: () => Promise<unknown>;
}

/**
 * The log's writer: group commit on an owned slot, and the way back after a failure.
 *
 * At most one flush is under way. What arrives meanwhile is the next batch, so batches grow with the load and an idle
 * gateway does not wait. After any failure nothing is assumed: every waiting caller is refused, the slot is taken
 * anew, the log's end is read again, and only a confirmed write makes the log available.
 */
export class Log {
  readonly #options: LogOptions;
  readonly #queue = new Queue();
  readonly #closing = new AbortController();
  /** Calls whose intent or ending may or may not be in the log; looked at when the slot is ours again. */
  readonly #doubtful = new Map<string, SettleReason>();
  /** Calls that the log itself has ended: their own outcome comes too late. */
  readonly #settled = new Set<string>();
  /** Undefined while the log is not ours. */
  #owned: OwnedSlot | undefined;
  #flushing: Promise<void> | undefined;
  #recovering: Promise<void> | undefined;
  #size = 0;
  #lastTsMs = 0;
  /** `ids`: of the batch that was being written. */
  #outage: { sinceMs: number; refused: number; ids: readonly string[] } | undefined;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  healthy(): boolean {
    return this.#owned !== undefined;
  }

  /** What is confirmed, and the time after which no entry in it was made; undefined while the log is not ours. */
  head(): { readonly size: number; readonly root: Buffer; readonly lastTsMs: number } | undefined {
    const owned = this.#owned;
    return owned && { size: owned.size, root: owned.root(), lastTsMs: this.#lastTsMs };
  }

  /** No entry from now on gets an earlier time (milliseconds since 1970): a checkpoint has signed it. */
  notBefore(tsMs: number): void {
    this.#lastTsMs = Math.max(this.#lastTsMs, tsMs);
  }

  /** Begins on a slot just taken: settles what a crash left open, then records the start. */
  async start(owned: OwnedSlot): Promise<void> {
    try {
      const open = await openSinceLastStart(owned);
      await this.#writeOwn(owned, [
        ...open,
        this.#ownEntry('log.start', { ...this.#options.startFields, settled: open.length }),
      ]);
      if (open.length > 0) {
        this.#options.logger.warn('calls without an outcome were recorded as indeterminate', {
          calls: open.length,
        });
      }
    } catch (error) {
      owned.abandon();
      throw error;
    }
    this.#serve(owned);
  }

  record(draft: EntryDraft, evidence?: Evidence): Promise<Recorded> {
    return new Promise((resolve, reject) => {
      const { call } = draft;
      const ending = isEnding(draft.kind);
      try {
        if (ending && call !== undefined && this.#settled.has(call)) {
          throw new AuditError(
            'already_settled',
            'The call was recorded as indeterminate before its outcome came.',
          );
        }
        if (this.#owned === undefined || this.#closing.signal.aborted)
          throw unavailable('the log is not ours now');
        const refusal = OPENS_WORK.has(draft.kind) ? this.#options.refuseCalls?.() : undefined;
        if (refusal !== undefined) throw unavailable(refusal);
        this.#queue.add({ entry: this.#prepare(draft, evidence), resolve, reject });
      } catch (error) {
        if (this.#outage !== undefined) this.#outage.refused += 1;
        if (ending && isUnavailable(error)) this.#doubt(call, 'outcome_not_confirmed');
        reject(error);
        return;
      }
      this.#flushing ??= this.#flushAll();
    });
  }

  /** Bodies were removed: what is said next is kept again. */
  forgetBodies(): void {
    this.#owned?.forgetBodies();
  }

  /** Records the stop behind everything that waits, and lets the slot go. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const stop = this.#owned === undefined ? undefined : this.record(this.#ownEntry('log.stop', {}));
    this.#closing.abort();
    await stop?.catch((error: unknown) => {
      this.#options.logger.warn('the log could not record its stop', { reason: errorText(error) });
    });
    await this.#flushing;
    await this.#recovering;
    if (this.#owned !== undefined) await this.#options.beforeRelease?.();
    const owned = this.#owned;
    this.#owned = undefined;
    await owned?.release();
  }

  #serve(owned: OwnedSlot): void {
    this.#owned = owned;
    owned.onLost(() => this.#fail(owned, [], new Error('the connection was lost')));
  }

  #prepare(draft: EntryDraft, evidence?: Evidence): Unplaced {
    // ts never falls within the log, also when the clock is set back: readers find a time by halving.
    this.#lastTsMs = Math.max(this.#lastTsMs, this.#options.clock.now());
    this.#options.onTime?.(this.#lastTsMs);
    const envelope = { origin: this.#options.origin, id: newId('ent'), tsMs: this.#lastTsMs };
    if (evidence === undefined) return prepareLeaf(draft, envelope);
    const { draft: committed, kept } = keep(draft, evidence, envelope, this.#options.periodKeys);
    return prepareLeaf(committed, envelope, kept);
  }

  /** Flushes until nothing waits. What is recorded in the same turn of the event loop is one batch. */
  async #flushAll(): Promise<void> {
    await Promise.resolve();
    let owned = this.#owned;
    while (owned !== undefined && this.#queue.length > 0) {
      const batch = this.#queue.takeBatch();
      try {
        const recorded = await owned.flush(batch.map(({ entry }) => entry));
        this.#size = owned.size;
        for (const [index, place] of recorded.entries()) batch[index]?.resolve(place);
      } catch (error) {
        this.#fail(owned, batch, error);
      }
      owned = this.#owned;
    }
    this.#flushing = undefined;
  }

  /** Refuses everyone who waits and starts to take the log up again. */
  #fail(owned: OwnedSlot, batch: readonly Waiting[], cause: unknown): void {
    const current = this.#owned === owned;
    const refused = current ? [...batch, ...this.#queue.takeAll()] : batch;
    for (const { entry } of batch)
      if (entry.kind === 'call.intent') this.#doubt(entry.call, 'intent_not_confirmed');
    for (const { entry } of refused)
      if (isEnding(entry.kind)) this.#doubt(entry.call, 'outcome_not_confirmed');
    for (const { reject } of refused) reject(unavailable(errorText(cause), cause));
    if (!current) {
      // The loss of the connection was told first; this is its flush.
      if (this.#outage !== undefined) {
        this.#outage.refused += refused.length;
        this.#outage.ids = batch.map(({ entry }) => entry.id);
      }
      return;
    }
    this.#owned = undefined;
    owned.abandon();
    this.#options.logger.error('the audit log cannot be written: calls are refused', {
      reason: errorText(cause),
    });
    const ids = batch.map(({ entry }) => entry.id);
    this.#outage = { sinceMs: this.#options.clock.monotonicMs(), refused: refused.length, ids };
    this.#recovering = this.#recover();
  }

  #doubt(call: string | null | undefined, reason: SettleReason): void {
    if (typeof call === 'string' && !this.#doubtful.has(call)) this.#doubtful.set(call, reason);
  }

  async #recover(): Promise<void> {
    let waitMs = RECOVER_FIRST_MS;
    while (!this.#closing.signal.aborted) {
      await sleep(waitMs * (0.75 + Math.random() / 2), undefined, { signal: this.#closing.signal }).catch(
        () => undefined,
      );
      waitMs = Math.min(waitMs * 2, RECOVER_MAX_MS);
      if (this.#closing.signal.aborted) return;
      const owned = await this.#options.takeAgain().catch((error: unknown) => {
        this.#options.logger.warn('the audit log cannot be taken up again yet', { reason: errorText(error) });
        return undefined;
      });
      if (owned !== undefined && (await this.#resume(owned))) return;
    }
  }

  /** The entry that says what was missed is also the proof that the log can be written. */
  async #resume(owned: OwnedSlot): Promise<boolean> {
    try {
      const { sinceMs = 0, refused = 0, ids = [] } = this.#outage ?? {};
      const outageMs = Math.round(this.#options.clock.monotonicMs() - sinceMs);
      // Entries that are there although their callers were told that they are not: what they tell of did not go on.
      const unconfirmed = (await stands(owned, this.#size, ids))
        ? { unconfirmedFirst: this.#size, unconfirmedLast: this.#size + ids.length - 1 }
        : {};
      const fields = { outageMs, refused, ...unconfirmed };
      const resumed = [this.#ownEntry('log.resumed', fields)];
      // While this writes, more outcomes may be refused; it serves when none is in doubt.
      do {
        const doubtful = new Map(this.#doubtful);
        await this.#writeOwn(owned, [...(await openOf(owned, doubtful)), ...resumed.splice(0)]);
        for (const call of doubtful.keys()) this.#doubtful.delete(call);
      } while (this.#doubtful.size > 0);
      this.#options.logger.info('the audit log can be written again', fields);
    } catch (error) {
      owned.abandon();
      this.#options.logger.warn('the audit log still cannot be written', { reason: errorText(error) });
      return false;
    }
    this.#outage = undefined;
    this.#serve(owned);
    return true;
  }

  /** Writes entries of the log's own, past the queue: it is only used while the log does not serve. */
  async #writeOwn(owned: OwnedSlot, drafts: readonly EntryDraft[]): Promise<void> {
    this.#lastTsMs = Math.max(this.#lastTsMs, owned.tailMs);
    for (let at = 0; at < drafts.length; at += FLUSH_MAX_ENTRIES) {
      const part = drafts.slice(at, at + FLUSH_MAX_ENTRIES);
      await owned.flush(part.map((draft) => this.#prepare(draft)));
      for (const { kind, call } of part)
        if (kind === 'call.indeterminate' && call !== undefined) this.#remember(call);
    }
    this.#size = owned.size;
  }

  #remember(call: string): void {
    this.#settled.add(call);
    if (this.#settled.size <= SETTLED_MAX_CALLS) return;
    const [oldest] = this.#settled;
    if (oldest !== undefined) this.#settled.delete(oldest);
  }

  #ownEntry(
    kind: 'log.start' | 'log.stop' | 'log.resumed',
    fields: { readonly [name: string]: EntryValue },
  ): EntryDraft {
    return { kind, actor: { kind: 'gateway', name: this.#options.deploymentName }, fields };
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof AuditError && error.code === 'unavailable';
}
