import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '@sallyport/shared/errors';
import { exportAt } from '@sallyport/shared/verify/disk';
import { verifyExport } from '@sallyport/shared/verify/verify';
import type { Logger } from 'winston';
import type { Store } from '../../store/index.ts';
import { AuditError } from '../errors.ts';
import { DROP_RETRY_MS, DROP_TRIES } from '../limits.ts';
import type { Actor, EntryDraft, Recorded } from '../types.ts';
import type { Retention } from './retention.ts';
import { anchorOver, keepExport } from './table.ts';
import type { DropOrder, ExportedPartition, PartitionStatus } from './types.ts';
import { type ExportSource, writePartExport } from './write-export.ts';

export interface DropsOptions {
  readonly store: Store;
  readonly slot: number;
  readonly logger: Logger;
  readonly retention: Retention;
  /** The folder that exports of months are written to. */
  readonly folder: string | undefined;
  readonly source: () => ExportSource;
  readonly record: (draft: EntryDraft) => Promise<Recorded>;
  /** The entry of a drop that was begun before, under the same proposal. */
  readonly begun: (proposal: string) => Promise<{ readonly seq: number } | undefined>;
  readonly now: () => number;
}

const GATEWAY: Actor = { kind: 'gateway', name: 'sallyport' };
const CONTROL = ['PCI 10.5.1', 'AU-11'] as const;

/** Exports of months that are due, and their going. */
export class Drops {
  readonly #options: DropsOptions;
  #running: { readonly name: string; done: Promise<void> } | undefined;
  readonly #problems = new Map<string, string>();

  constructor(options: DropsOptions) {
    this.#options = options;
  }

  /** The month whose export is being written, and why the last one of others could not be. */
  state(): { readonly running?: string; readonly problems: Readonly<Record<string, string>> } {
    return {
      ...(this.#running === undefined ? {} : { running: this.#running.name }),
      problems: Object.fromEntries(this.#problems),
    };
  }

  /**
   * Begins to write and verify the export of a month that is due, and says so in the log first.
   *
   * @throws AuditError `not_due`, with what is in the way; `unavailable` while another is being written.
   */
  async beginExport(name: string, by: Actor): Promise<void> {
    if (this.#running !== undefined)
      throw new AuditError(
        'unavailable',
        `The export of ${this.#running.name} is being written: one at a time.`,
      );
    // From here on it is the only one, also while it is being recorded.
    const running = { name, done: Promise.resolve() };
    this.#running = running;
    try {
      const { from, until } = await this.#due(name);
      const begun = await this.#options.record({
        kind: 'log.export',
        actor: by,
        control: ['PCI 10.2.1.3'],
        fields: { part: { from, until }, partition: name },
      });
      this.#problems.delete(name);
      running.done = this.#inBackground(name, { from, until }, begun);
    } catch (thrown) {
      this.#running = undefined;
      throw thrown;
    }
  }

  async #inBackground(
    name: string,
    part: { readonly from: number; readonly until: number },
    begun: Recorded,
  ): Promise<void> {
    await this.#export(name, part, begun)
      .catch((thrown: unknown) => {
        this.#problems.set(name, errorText(thrown));
        this.#options.logger.error('the export of a month failed', {
          month: name,
          reason: errorText(thrown),
        });
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** What a drop of this month would be, for a proposal. @throws AuditError `not_due` */
  async order(name: string): Promise<DropOrder> {
    const { exported } = await this.#due(name);
    if (exported === undefined)
      throw new AuditError('not_due', `The month ${name} has no verified export yet (audit retention run).`);
    const { from, until, manifest } = exported;
    return { partition: name, from, until, manifest };
  }

  /** What is in the way of exactly this drop, in words; undefined where nothing is. */
  async problem(order: DropOrder): Promise<string | undefined> {
    return await this.order(order.partition).then(
      (now) =>
        now.from === order.from && now.until === order.until && now.manifest === order.manifest
          ? undefined
          : `The export or the entries of ${order.partition} are not those that were proposed any more.`,
      (thrown: unknown) => errorText(thrown),
    );
  }

  /**
   * Drops a month: everything is looked at once more, its export is read back and verified, the entry that says so is
   * made durable (**the commit point**), and then it goes. Safe to run again under the same proposal: a crash behind the
   * entry leaves a month that goes now.
   *
   * @throws AuditError `not_due`; Error where it could not go. Then, behind an entry, `retention.drop_failed` says so.
   */
  async drop(order: DropOrder, by: { readonly people: string; readonly proposal: string }): Promise<string> {
    const { partition } = order;
    if ((await this.#month(partition)).state === 'dropped') return `${partition} is gone`;
    const before = await this.#options.begun(by.proposal);
    let seq = before?.seq;
    try {
      const fields = await this.#proven(order);
      seq ??= (
        await this.#options.record({
          kind: 'retention.dropped',
          actor: GATEWAY,
          control: CONTROL,
          fields: { ...fields, by: by.people, proposal: by.proposal },
        })
      ).seq;
      await this.#remove(partition, seq);
    } catch (thrown) {
      // An entry that says it went, of a month that is there, must not stay the last word.
      if (seq !== undefined) await this.#failed(order, by.proposal, errorText(thrown));
      throw thrown;
    }
    await this.#options.retention.forget(partition);
    return `${partition} is gone: entries ${order.from} to ${order.until - 1}; entry ${seq} says so`;
  }

  async close(): Promise<void> {
    await this.#running?.done;
  }

  async #export(
    name: string,
    { from, until }: { readonly from: number; readonly until: number },
    exported: Recorded,
  ): Promise<void> {
    const { store, folder, source, record, now } = this.#options;
    if (folder === undefined) throw new Error('the settings name no retentionFolder');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const location = join(folder, `${source().origin.replace(/[^A-Za-z0-9.-]/g, '_')}-${name}`);
    const { id, seq } = exported;
    const { checkpoint, manifest } = await writePartExport(source(), { from, until }, location, { id, seq });
    const made: ExportedPartition = {
      from,
      until,
      size: checkpoint.size,
      checkpoint: checkpoint.number,
      location,
      manifest,
      verifiedAt: new Date(now()).toISOString(),
    };
    await this.#verify(made);
    await record({
      kind: 'retention.exported',
      actor: GATEWAY,
      control: CONTROL,
      fields: { partition: name, from, until, export: location, manifest, checkpoint: checkpoint.number },
    });
    await keepExport(store, name, made);
  }

  /** Reads an export back and verifies it, with the log's own keys. @throws AuditError `not_due` */
  async #verify({ location, manifest, from, until, size }: ExportedPartition): Promise<void> {
    const refuse = (why: string): never => {
      throw new AuditError('not_due', `The export in ${location} ${why}. Export the month again.`);
    };
    const text = await readFile(join(location, 'MANIFEST.json')).catch((thrown: unknown) =>
      refuse(`can't be read: ${errorText(thrown)}`),
    );
    if (createHash('sha256').update(text).digest('hex') !== manifest)
      refuse('is not the one that was verified');
    const keys = this.#options.source().signing()?.keys ?? [];
    const proven = await exportAt(location)
      .then((folder) => verifyExport(folder, keys))
      .catch((thrown: unknown) => refuse(`is not proven: ${errorText(thrown)}`));
    if (proven.from !== from || proven.from + proven.entries !== size || size < until)
      refuse(
        `has the entries ${proven.from} to ${proven.from + proven.entries - 1}, and not those of the month`,
      );
  }

  /** All that a drop stands on, and the fields of its entry. */
  async #proven(order: DropOrder): Promise<{ [name: string]: string | number | string[] }> {
    const { store, slot } = this.#options;
    const problem = await this.problem(order);
    if (problem !== undefined) throw new AuditError('not_due', problem);
    const { exported, classes } = await this.#due(order.partition);
    const anchor = await anchorOver(store, slot, order.until);
    if (exported === undefined || anchor === undefined)
      throw new AuditError(
        'not_due',
        `The month ${order.partition} is not exported, or not anchored any more.`,
      );
    await this.#verify(exported);
    return {
      partition: order.partition,
      from: order.from,
      until: order.until,
      export: exported.location,
      manifest: order.manifest,
      checkpoint: exported.checkpoint,
      anchor: anchor.anchor,
      anchored: anchor.location,
      anchoredSize: anchor.size,
      classes: classes.map(({ name, keep }) => `${name} ${keep}`),
    };
  }

  async #remove(name: string, entry: number): Promise<void> {
    const { store, slot, logger } = this.#options;
    for (let tries = 1; ; tries += 1) {
      const client = await store.dedicated('audit retention');
      try {
        await client.query('SET statement_timeout = 0');
        await client.query('SELECT audit_drop_month($1, $2, $3)', [name, slot, entry]);
        return;
      } catch (thrown) {
        const busy = thrown instanceof Error && 'code' in thrown && thrown.code === LOCK_NOT_AVAILABLE;
        if (!busy || tries >= DROP_TRIES) throw thrown;
        logger.info('a month that is to go is being read; tried again', { month: name });
      } finally {
        await client.end();
      }
      await sleep(DROP_RETRY_MS);
    }
  }

  async #failed({ partition, from, until }: DropOrder, proposal: string, problem: string): Promise<void> {
    await this.#options
      .record({
        kind: 'retention.drop_failed',
        actor: GATEWAY,
        fields: { partition, from, until, proposal, problem: problem.slice(0, 1_000).toWellFormed() },
      })
      .catch((thrown: unknown) =>
        this.#options.logger.error('a drop that failed could not be recorded as such', {
          month: partition,
          reason: errorText(thrown),
        }),
      );
  }

  async #month(name: string): Promise<PartitionStatus> {
    const found = (await this.#options.retention.status()).find((each) => each.name === name);
    if (found === undefined) throw new AuditError('not_due', `There is no month "${name.slice(0, 40)}".`);
    return found;
  }

  async #due(name: string): Promise<PartitionStatus & { readonly from: number; readonly until: number }> {
    const month = await this.#month(name);
    const { from, until, state, blockedBy, dueAt } = month;
    if (state === 'due' && from !== undefined && until !== undefined) return { ...month, from, until };
    const why =
      blockedBy.length > 0
        ? blockedBy.join('; ')
        : `it is ${state}${dueAt === undefined ? '' : `, due ${dueAt}`}`;
    throw new AuditError('not_due', `The month ${name} can't go: ${why}.`);
  }
}

/** Somebody reads what is to go. */
const LOCK_NOT_AVAILABLE = '55P03';
