import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import { ANCHOR_RETRY_MS, ANCHOR_WATCH_MS } from '../limits.ts';
import type { EntryDraft, StoredCheckpoint } from '../types.ts';
import type { AnchorTable } from './table.ts';
import type { Anchor, AnchorRecord, AnchorState, AnchorsState } from './types.ts';

export interface AnchorsOptions {
  readonly anchors: readonly Anchor[];
  readonly everyMs: number;
  readonly maxAgeMs: number;
  /** Whether calls are refused past that age. */
  readonly refuses: boolean;
  readonly origin: string;
  readonly table: AnchorTable;
  readonly newest: () => StoredCheckpoint | undefined;
  readonly record: (draft: EntryDraft) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** When the log began, milliseconds since 1970. */
  readonly sinceMs: number;
}

interface Standing {
  readonly anchor: Anchor;
  last: AnchorRecord | undefined;
  problem: string | undefined;
  triedAtMs: number;
}

/** All anchors of one log: each gets the newest checkpoint at its interval. */
export class Anchors {
  readonly #options: AnchorsOptions;
  readonly #standings: readonly Standing[];
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();

  private constructor(options: AnchorsOptions, last: ReadonlyMap<string, AnchorRecord>) {
    this.#options = options;
    this.#standings = options.anchors.map((anchor) => ({
      anchor,
      last: last.get(anchor.name),
      problem: undefined,
      triedAtMs: Number.NEGATIVE_INFINITY,
    }));
  }

  /** Reads what was anchored in the runs before, and begins. */
  static async open(options: AnchorsOptions): Promise<Anchors> {
    const last = new Map((await options.table.newest()).map((record) => [record.anchor, record]));
    const anchors = new Anchors(options, last);
    anchors.#timer = setInterval(() => void anchors.#anchor(false), ANCHOR_WATCH_MS);
    anchors.#timer.unref();
    return anchors;
  }

  /** Anchors the newest checkpoint at every anchor now. */
  async now(): Promise<AnchorsState> {
    await this.#anchor(true);
    return this.state();
  }

  /** Why calls are refused for want of an anchor; undefined while they are not. */
  refusal(): string | undefined {
    if (!this.#options.refuses) return undefined;
    const old = this.state().anchors.find(({ ageSeconds }) => ageSeconds * 1_000 > this.#options.maxAgeMs);
    return old === undefined ? undefined : `nothing was anchored at ${old.name} for ${old.ageSeconds} s`;
  }

  state(): AnchorsState {
    const { everyMs, maxAgeMs, refuses } = this.#options;
    const anchors = this.#standings.map((standing) => this.#stateOf(standing));
    return {
      everySeconds: everyMs / 1_000,
      maxAgeSeconds: maxAgeMs / 1_000,
      refuses,
      met: anchors.every(({ ageSeconds }) => ageSeconds * 1_000 <= maxAgeMs),
      anchors,
    };
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
  }

  #stateOf({ anchor, last, problem }: Standing): AnchorState {
    const { name, kind } = anchor;
    const sinceMs = last === undefined ? this.#options.sinceMs : Date.parse(last.at);
    return {
      name,
      kind,
      ...(last === undefined
        ? {}
        : { last: { number: last.number, size: last.size, at: last.at, location: last.location } }),
      ageSeconds: Math.max(0, Math.round((this.#options.clock.now() - sinceMs) / 1_000)),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** One round at a time; within it the anchors do not wait for each other. */
  #anchor(all: boolean): Promise<void> {
    const round = async (): Promise<void> => {
      const checkpoint = this.#options.newest();
      if (checkpoint === undefined) return;
      const due = this.#standings.filter((standing) => all || this.#isDue(standing));
      await Promise.all(due.map((standing) => this.#put(standing, checkpoint)));
    };
    this.#working = this.#working.then(round);
    return this.#working;
  }

  #isDue({ last, problem, triedAtMs }: Standing): boolean {
    const { clock, everyMs } = this.#options;
    if (problem !== undefined) return clock.monotonicMs() - triedAtMs >= ANCHOR_RETRY_MS;
    return last === undefined || clock.now() - Date.parse(last.at) >= everyMs;
  }

  async #put(standing: Standing, checkpoint: StoredCheckpoint): Promise<void> {
    const { clock, table, record, origin, logger } = this.#options;
    const { anchor } = standing;
    const { number, size } = checkpoint;
    standing.triedAtMs = clock.monotonicMs();
    if (standing.last !== undefined && standing.last.number >= number) return;
    try {
      const anchored = await anchor.put(checkpoint, nameOf(origin, checkpoint));
      const at = new Date(clock.now()).toISOString();
      const made = { ...anchored, number, anchor: anchor.name, kind: anchor.kind, at, size };
      await table.keep(made);
      await record({
        kind: 'log.anchored',
        actor: { kind: 'gateway', name: 'audit' },
        fields: {
          anchor: anchor.name,
          how: anchor.kind,
          checkpoint: number,
          size,
          location: anchored.location,
        },
        control: ['PCI 10.3.3'],
      });
      if (standing.problem !== undefined)
        logger.info('checkpoints are anchored again', { anchor: anchor.name });
      standing.last = made;
      standing.problem = undefined;
    } catch (thrown) {
      await this.#failed(standing, errorText(thrown));
    }
  }

  /** The first failure is an entry and an alarm; what follows is shown until it works again. */
  async #failed(standing: Standing, problem: string): Promise<void> {
    const { record, logger } = this.#options;
    const { name, kind } = standing.anchor;
    const first = standing.problem === undefined;
    standing.problem = problem;
    if (!first) return;
    logger.error('a checkpoint could not be anchored', { anchor: name, problem });
    await record({
      kind: 'log.anchor_failed',
      actor: { kind: 'gateway', name: 'audit' },
      fields: { anchor: name, how: kind, problem: problem.slice(0, 1_000) },
    }).catch((thrown: unknown) =>
      logger.error('a failed anchor was not recorded', { anchor: name, error: errorText(thrown) }),
    );
  }
}

/** `sallyport_log_0/000000001234-00000042.checkpoint` without the folder: size and number, so that names sort. */
function nameOf(origin: string, { size, number }: StoredCheckpoint): string {
  const log = origin.replace(/[^A-Za-z0-9.-]/g, '_');
  return `${log}-${String(size).padStart(12, '0')}-${String(number).padStart(8, '0')}.checkpoint`;
}
