import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import { recordedStep, type Store } from '../store/index.ts';
import { pinned, rejected, type Source, stateOf } from './drift.ts';
import {
  GATEWAY_ACTOR,
  type RecordToolEntry,
  type ToolActor,
  toolEntries,
  unconfirmedEntry,
} from './entries.ts';
import { ToolError } from './errors.ts';
import { NewDefinitions } from './new-definitions.ts';
import type { PinRule } from './rules.ts';
import {
  conflict,
  decisionOf,
  distinct,
  drift,
  happened,
  type Rows,
  type Seen,
  type Step,
  usable,
} from './steps.ts';
import { keepDefinitions, loadTools, lockServer, saveTools, type ToolRow } from './table.ts';

/** Channel of the notice that tools of a server have changed; the payload is the server. */
export const CHANNEL = 'sallyport_tools';

export interface PinsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly record: RecordToolEntry;
  /** Whether the first definitions of a server's tools are pinned by themselves. Suspicious ones never are. */
  readonly firstUse: (server: string) => boolean;
  /** Classes of a server's tools that are pinned by themselves; none where it isn't given. */
  readonly rules?: (server: string) => readonly PinRule[];
}

/** Pins and what servers show: Postgres has the truth, memory what a call looks up. */
export class Pins {
  readonly #options: PinsOptions;
  readonly #servers = new Map<string, Map<string, ToolRow>>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #listeners: ((server: string) => void)[] = [];
  readonly #budget: NewDefinitions;

  constructor(options: PinsOptions) {
    this.#options = options;
    this.#budget = new NewDefinitions(options.clock);
  }

  get(server: string, tool: string): ToolRow | undefined {
    return this.#servers.get(server)?.get(tool);
  }

  /** Names of all tools that are known, of any server. */
  names(): Set<string> {
    return new Set([...this.#servers.values()].flatMap((rows) => [...rows.keys()]));
  }

  /** Called with a server when the tools that may be used of it have changed. */
  onChanged(listener: (server: string) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Takes what was seen of a server. Resolves when what it changes is durable and in the log; at once where nothing is.
   *
   * @throws ToolError `unavailable`: what was seen must then not be shown to anybody
   */
  async take(server: string, shown: readonly Seen[], source: Source): Promise<void> {
    const byName = distinct(this.#servers.get(server), shown);
    const now = this.#servers.get(server) ?? new Map<string, ToolRow>();
    if (this.#drift(server, now, byName, source).length === 0) return;
    await this.#turn(server, async () => {
      // Another may have taken the same meanwhile.
      const rows = this.#servers.get(server) ?? new Map<string, ToolRow>();
      if (this.#drift(server, rows, byName, source).length === 0) return;
      const unkept = [...byName.values()].filter(({ name, digest }) => rows.get(name)?.seen !== digest);
      if (!this.#budget.take(server, unkept.length)) {
        this.#mistrust(server, unkept);
        return;
      }
      await this.#step(server, GATEWAY_ACTOR, { by: source }, async (fresh) => {
        const steps = this.#drift(server, fresh, byName, source);
        const definitions = steps.flatMap(({ tool }) => byName.get(tool) ?? []);
        return { steps, definitions };
      });
    });
  }

  /**
   * A reviewer's decision on the definition that the server shows.
   *
   * @throws ToolError `not_found`, `conflict` or `unavailable`
   */
  async decide(
    decision: { server: string; tool: string; digest: string; pin: boolean; reason: string },
    by: ToolActor,
  ): Promise<ToolRow> {
    const { server, tool, digest, pin, reason } = decision;
    const saved = await this.#turn(server, () =>
      this.#step(server, by, { reason }, async (fresh) => {
        const known = fresh.get(tool);
        if (known === undefined)
          throw new ToolError('not_found', `"${server}" has shown no tool "${tool.slice(0, 128)}".`);
        const drifted = (pin ? pinned : rejected)(known, digest);
        if (drifted === undefined) throw conflict(known, digest, pin);
        const step = { by: by.name, atMs: this.#options.clock.now(), reason };
        return { steps: [{ tool, drifted, decision: step }], definitions: [] };
      }),
    );
    const [row] = saved;
    if (row === undefined) throw new ToolError('conflict', 'Nothing was changed. Look at the tool again.');
    return row;
  }

  /**
   * Reads one server's tools, or all, from the table. One server's behind what is under way for it: the notice of an own
   * step may come before its end, and would be taken for another's.
   */
  async reload(server?: string): Promise<void> {
    await (server === undefined ? this.#read() : this.#turn(server, () => this.#read(server)));
  }

  async #read(server?: string): Promise<void> {
    const rows = await loadTools(this.#options.store.pool, server);
    const servers = server === undefined ? new Set(this.#servers.keys()) : new Set([server]);
    for (const row of rows) servers.add(row.server);
    const byServer = Map.groupBy(rows, (row) => row.server);
    for (const each of servers) {
      const before = usable(this.#servers.get(each));
      const now = new Map((byServer.get(each) ?? []).map((row) => [row.tool, row]));
      this.#servers.set(each, now);
      if (usable(now) !== before) this.#tell(each);
    }
  }

  #drift(server: string, rows: Rows, byName: ReadonlyMap<string, Seen>, source: Source): Step[] {
    const { firstUse, rules } = this.#options;
    let names: ReadonlySet<string> | undefined;
    return drift(rows, byName, source, {
      firstUse: firstUse(server),
      rules: rules?.(server) ?? [],
      names: () => {
        names ??= new Set([...this.names(), ...byName.keys()]);
        return names;
      },
    });
  }

  /** More than is kept: what it shows is not shown, and what it had is not called, until it calms down. */
  #mistrust(server: string, unkept: readonly Seen[]): void {
    this.#options.logger.error('a server shows more new definitions of tools than are kept', { server });
    const rows = this.#servers.get(server);
    for (const { name, digest } of unkept) {
      const row = rows?.get(name);
      if (row !== undefined)
        rows?.set(name, { ...row, seen: digest, state: stateOf({ ...row, seen: digest }) });
    }
  }

  /** One at a time for each server. */
  #turn<Result>(server: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(server) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    this.#turns.set(server, settled);
    void settled.then(() => {
      if (this.#turns.get(server) === settled) this.#turns.delete(server);
    });
    return mine;
  }

  async #step(
    server: string,
    by: ToolActor,
    more: { readonly [name: string]: string },
    work: (fresh: Rows) => Promise<{ steps: readonly Step[]; definitions: readonly Seen[] }>,
  ): Promise<ToolRow[]> {
    const { store, record, clock, logger } = this.#options;
    let tells = false;
    try {
      const saved = await recordedStep(
        store.pool,
        record,
        async (db) => {
          await lockServer(db, server);
          const fresh = new Map((await loadTools(db, server)).map((row) => [row.tool, row]));
          const { steps, definitions } = await work(fresh);
          if (steps.length === 0) return undefined;
          tells =
            by !== GATEWAY_ACTOR ||
            steps.some(({ tool, drifted }) => drifted.happening !== 'pinned' || fresh.has(tool));
          const now = clock.now();
          await keepDefinitions(
            db,
            definitions.map(({ digest, canonical }) => ({ digest, canonical: canonical() })),
            now,
          );
          const saving = steps.map(({ tool, drifted, decision, rule }) => {
            const made = rule === undefined ? decision : decisionOf(rule, now);
            return { tool, known: drifted.known, ...(made === undefined ? {} : { decision: made }) };
          });
          const result = await saveTools(db, server, saving, now);
          const entries = [...Map.groupBy(steps, ({ rule }) => rule)].flatMap(([rule, some]) =>
            toolEntries(server, some.flatMap(happened), by, rule === undefined ? more : { ...more, rule }),
          );
          return { result, entries, notice: { channel: CHANNEL, payload: server } };
        },
        (_rows, entries) =>
          record(unconfirmedEntry(server, entries)).catch((thrown: unknown) =>
            logger.error('a step that failed could not be recorded as such', { reason: errorText(thrown) }),
          ),
      );
      if (saved === undefined) await this.#read(server);
      else this.#saved(server, saved, tells);
      return saved ?? [];
    } catch (cause) {
      if (cause instanceof ToolError) throw cause;
      throw new ToolError(
        'unavailable',
        'What is known of the tools could not be changed now: the database or the audit log does not answer. Try again.',
        { cause, detail: errorText(cause) },
      );
    }
  }

  /** @param tells false for what pins itself at its first sight: nobody has an older list in which it was missing */
  #saved(server: string, saved: readonly ToolRow[], tells: boolean): void {
    const rows = this.#servers.get(server) ?? new Map<string, ToolRow>();
    const before = usable(rows);
    for (const row of saved) rows.set(row.tool, row);
    this.#servers.set(server, rows);
    if (tells && usable(rows) !== before) this.#tell(server);
  }

  #tell(server: string): void {
    for (const listener of this.#listeners) listener(server);
  }
}
