import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Store } from '../store/index.ts';
import { applyChanges, CHANNEL, type RecordEntry } from './apply.ts';
import { RegistryError } from './errors.ts';
import { type CheckFit, fitsNow } from './fit.ts';
import { MESSAGE_MAX_PROBLEMS, VERSION_POLL_MS } from './limits.ts';
import { type CheckPolicy, makePlan, type Prepared } from './plan.ts';
import { loadSnapshot, readVersion } from './snapshot.ts';
import type {
  Changer,
  DocumentInput,
  DocumentProblem,
  Misfit,
  Plan,
  Registry,
  ShownTools,
  Snapshot,
} from './types.ts';

export interface RegistryOptions {
  readonly store: Store;
  /** Makes an entry durable in the audit log, or rejects; then nothing is changed. */
  readonly record: RecordEntry;
  /** Problems of a policy text; empty when it may be put in force. */
  readonly checkPolicy: CheckPolicy;
  /** What policies say that doesn't fit the other documents, or what servers define. */
  readonly checkFit?: CheckFit;
  readonly logger: Logger;
}

/**
 * Loads the configuration and keeps it current: changes of other replicas arrive by notice, and within a second also
 * when the notice was lost.
 */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const registry = new OpenRegistry(options, await loadSnapshot(options.store.pool));
  await registry.follow();
  return registry;
}

class OpenRegistry implements Registry {
  readonly #options: RegistryOptions;
  readonly #listeners: ((snapshot: Snapshot) => void)[] = [];
  /** What a plan would do; a plan that is not here was not made by this registry. */
  readonly #prepared = new WeakMap<Plan, Prepared>();
  #snapshot: Snapshot;
  #reloading: Promise<void> | undefined;
  #poll: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: RegistryOptions, snapshot: Snapshot) {
    this.#options = options;
    this.#snapshot = snapshot;
  }

  async follow(): Promise<void> {
    const { store } = this.#options;
    await store.listen(
      CHANNEL,
      (payload) => {
        if (Number(payload) > this.#snapshot.version) void this.#reload();
      },
      () => void this.#reload(),
    );
    // A change between loading and listening has been missed.
    await this.#reload();
    this.#poll = setInterval(() => void this.#check(), VERSION_POLL_MS);
    this.#poll.unref();
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  onChange(listener: (snapshot: Snapshot) => void): void {
    this.#listeners.push(listener);
  }

  plan(
    documents: readonly DocumentInput[],
    deletions: readonly { kind: string; name: string }[] = [],
    tools: ShownTools = new Map(),
  ): Plan {
    const { checkPolicy, checkFit } = this.#options;
    const checks = { checkPolicy, tools, ...(checkFit === undefined ? {} : { checkFit }) };
    const { plan, prepared } = makePlan(this.#snapshot, documents, deletions, checks);
    this.#prepared.set(plan, prepared);
    return plan;
  }

  fits(tools: ShownTools, cedar?: string): readonly Misfit[] {
    const { checkFit } = this.#options;
    return checkFit === undefined ? [] : fitsNow(this.#snapshot, checkFit, tools, cedar);
  }

  async apply(plan: Plan, changer: Changer): Promise<Snapshot> {
    const prepared = this.#prepared.get(plan);
    if (prepared === undefined) throw new RegistryError('invalid', 'The plan was not made here. Plan again.');
    if (plan.problems.length > 0) throw new RegistryError('invalid', wordsFor(plan.problems));
    const effective = prepared.filter(({ change }) => change.effect !== 'unchanged');
    if (effective.length === 0) return this.#snapshot;
    const { store, record, logger } = this.#options;
    const snapshot = await applyChanges(store, record, plan.baseVersion, effective, changer);
    logger.info('configuration changed', {
      version: snapshot.version,
      changes: effective.length,
      by: changer.name,
    });
    this.#use(snapshot);
    return snapshot;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    await this.#reloading;
  }

  async #check(): Promise<void> {
    try {
      if ((await readVersion(this.#options.store)) > this.#snapshot.version) await this.#reload();
    } catch {
      // The store says that the database is away; the next poll asks again.
    }
  }

  /** One reload at a time; a notice during one waits for another, since that one may have begun before the change. */
  #reload(): Promise<void> {
    const before = this.#reloading ?? Promise.resolve();
    const mine = before.then(async () => {
      if (this.#closed) return;
      try {
        this.#use(await loadSnapshot(this.#options.store.pool));
      } catch (error) {
        this.#options.logger.warn('the configuration could not be read again yet', {
          reason: errorText(error),
        });
      }
    });
    this.#reloading = mine;
    return mine;
  }

  /** Versions only grow: what was read before a newer one came is dropped. */
  #use(snapshot: Snapshot): void {
    if (snapshot.version <= this.#snapshot.version || this.#closed) return;
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) {
      try {
        listener(snapshot);
      } catch (error) {
        this.#options.logger.error('a change of the configuration was not taken up', {
          reason: errorText(error),
        });
      }
    }
  }
}

function wordsFor(problems: readonly DocumentProblem[]): string {
  const shown = problems
    .slice(0, MESSAGE_MAX_PROBLEMS)
    .map(({ place, kind, name, path, message }) => `${place ?? `${kind} ${name}`}: ${path}: ${message}`);
  const rest = problems.length - shown.length;
  return `The documents have problems, so nothing was changed. ${shown.join(' ')}${rest > 0 ? ` And ${rest} more.` : ''}`;
}
