import type { Clock } from '@sallyport/shared/clock';
import type { Store } from '../../store/index.ts';
import { classOf, keptUntil, longest } from './classes.ts';
import {
  anchorOver,
  databaseNow,
  type Group,
  holdsOver,
  type Partition,
  readFirst,
  readGroups,
  readPartitions,
} from './table.ts';
import type { ClassInPartition, PartitionStatus, RetentionClass } from './types.ts';

export interface RetentionOptions {
  readonly store: Store;
  readonly slot: number;
  readonly clock: Clock;
  /** The classes in force. */
  readonly classes: () => readonly RetentionClass[];
  /** The newest entry's time, milliseconds since 1970. */
  readonly newestMs: () => number;
  /** Why exports can't be anchored, or entries still wait for a receiver, in words. */
  readonly waiting: (until: number) => readonly string[];
}

/** What is in a partition that has entries. */
interface Contents {
  readonly from: number;
  readonly until: number;
  readonly entries: number;
  readonly groups: readonly Group[];
}

/** Which partitions of the log there are, how long each is kept, and what keeps one that is due. */
export class Retention {
  readonly #options: RetentionOptions;
  /** Of partitions that get no more entries: each is read once in a run. */
  readonly #closed = new Map<string, Contents>();
  #first: number;

  private constructor(options: RetentionOptions, first: number) {
    this.#options = options;
    this.#first = first;
  }

  static async open(options: RetentionOptions): Promise<Retention> {
    return new Retention(options, await readFirst(options.store, options.slot));
  }

  /** Seq of the first entry that is left. */
  first(): number {
    return this.#first;
  }

  /** A partition has gone. */
  async forget(name: string): Promise<void> {
    const { store, slot } = this.#options;
    this.#closed.delete(name);
    this.#first = await readFirst(store, slot);
  }

  /** All partitions there are and were, oldest first. */
  async status(): Promise<PartitionStatus[]> {
    const found: PartitionStatus[] = [];
    let older = false;
    for (const partition of await readPartitions(this.#options.store)) {
      const status = await this.#statusOf(partition, older);
      found.push(status);
      older ||= status.from !== undefined && status.state !== 'dropped';
    }
    return found;
  }

  async #statusOf(partition: Partition, older: boolean): Promise<PartitionStatus> {
    const { name, fromMs, untilMs, bytes, dropped, exported } = partition;
    const about = {
      name,
      ...(fromMs === undefined ? {} : { fromAt: new Date(fromMs).toISOString() }),
      untilAt: new Date(untilMs).toISOString(),
      bytes,
      ...(exported === undefined ? {} : { exported }),
    };
    if (dropped !== undefined) {
      const { from, until, ...gone } = dropped;
      return { ...about, state: 'dropped', from, until, bytes: 0, classes: [], blockedBy: [], dropped: gone };
    }
    const contents = await this.#contents(partition);
    if (contents === undefined) return { ...about, state: 'empty', classes: [], blockedBy: [] };
    const { from, until } = contents;
    const classes = this.#classesOf(contents.groups);
    const dueMs = keptUntil(untilMs, classes[0]?.keep ?? '');
    const filled = { ...about, from, until, classes, dueAt: new Date(dueMs).toISOString() };
    if (untilMs > this.#options.newestMs()) return { ...filled, state: 'open', blockedBy: [] };
    // Neither clock alone can make a month due: one that was set ahead would.
    const nowMs = Math.min(this.#options.clock.now(), await databaseNow(this.#options.store));
    if (dueMs > nowMs) return { ...filled, state: 'kept', blockedBy: [] };
    const blockedBy = await this.#blocked(contents, older);
    return { ...filled, state: blockedBy.length > 0 ? 'blocked' : 'due', blockedBy };
  }

  async #blocked({ from, until, entries, groups }: Contents, older: boolean): Promise<string[]> {
    const { store, slot, waiting } = this.#options;
    const holds = await holdsOver(store, from, until);
    const anchor = await anchorOver(store, slot, until);
    return [
      ...(older ? ['an older partition still has entries: the oldest goes first'] : []),
      ...(groups.some((group) => group.slot !== slot) ? ['it has entries of another log, too'] : []),
      ...(entries === until - from ? [] : [`it has ${entries} entries from ${from} to before ${until}`]),
      ...holds.map((id) => `the legal hold ${id} reaches into it`),
      ...(anchor === undefined ? ['no anchored checkpoint covers it (docs/AUDIT.md, Anchors)'] : []),
      ...waiting(until),
    ];
  }

  #classesOf(groups: readonly Group[]): ClassInPartition[] {
    const classes = this.#options.classes();
    const counted = new Map<RetentionClass, number>();
    for (const { kind, server, entries } of groups) {
      const decides = classOf(classes, kind, server);
      counted.set(decides, (counted.get(decides) ?? 0) + entries);
    }
    const left = [...counted.keys()];
    const sorted: ClassInPartition[] = [];
    for (let next = longest(left); next !== undefined; next = longest(left)) {
      left.splice(left.indexOf(next), 1);
      sorted.push({ name: next.name, keep: next.keep, entries: counted.get(next) ?? 0 });
    }
    return sorted;
  }

  async #contents(partition: Partition): Promise<Contents | undefined> {
    const { store, newestMs } = this.#options;
    const known = this.#closed.get(partition.name);
    if (known !== undefined) return known;
    const closed = partition.untilMs <= newestMs();
    const groups = await readGroups(store, partition);
    if (groups.length === 0) return undefined;
    const contents = {
      from: Math.min(...groups.map(({ from }) => from)),
      until: Math.max(...groups.map(({ until }) => until)),
      entries: groups.reduce((sum, group) => sum + group.entries, 0),
      groups,
    };
    if (closed) this.#closed.set(partition.name, contents);
    return contents;
  }
}
