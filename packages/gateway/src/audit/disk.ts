import { statfs } from 'node:fs/promises';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import { DISK_LOOK_MS, DISK_LOW_SHARE, DISK_REFUSE_SHARE, DISK_WELL_SHARE } from './limits.ts';
import type { DiskState, EntryDraft } from './types.ts';

export interface DiskSettings {
  /** On the disk that the log is on: the folder of the embedded Postgres. */
  readonly folder: string;
  /** The share of that disk that is free, 0 to 1. By default what the system says. */
  readonly freeShare?: (folder: string) => Promise<number>;
}

interface DiskOptions extends DiskSettings {
  readonly record: (draft: EntryDraft) => Promise<unknown>;
  readonly logger: Logger;
}

/**
 * Looks at the disk of the embedded database (AUDIT.md, When it fails): an alarm while little is free, and no new calls
 * while there is next to nothing, so that outcomes of calls under way can still be written. Where the free space can't
 * be read, that is an alarm, and the last reading counts.
 */
export class DiskWatch {
  readonly #options: DiskOptions;
  #timer: NodeJS.Timeout | undefined;
  #free = 1;
  #low = false;
  /** What the log's last entry about it says. */
  #recordedLow = false;
  #problem: string | undefined;

  private constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** Looks once before it resolves, so that a gateway that starts on a full disk takes no call. */
  static async open(options: DiskOptions): Promise<DiskWatch> {
    const watch = new DiskWatch(options);
    await watch.look();
    watch.#timer = setInterval(() => void watch.look(), DISK_LOOK_MS);
    watch.#timer.unref();
    return watch;
  }

  /** Why calls are refused; undefined while they are not. */
  refusal(): string | undefined {
    if (this.#free > DISK_REFUSE_SHARE) return undefined;
    return `the disk of the embedded database has ${percent(this.#free)} % free; calls are refused at ${percent(DISK_REFUSE_SHARE)} %`;
  }

  state(): DiskState {
    return {
      freePercent: percent(this.#free),
      low: this.#low,
      refuses: this.refusal() !== undefined,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Reads the free space now; an alarm and an entry at the edges alone. */
  async look(): Promise<void> {
    const { folder, freeShare = systemFreeShare, logger } = this.#options;
    try {
      this.#free = await freeShare(folder);
      this.#problem = undefined;
    } catch (thrown) {
      const problem = `the free space of ${folder} can't be read: ${errorText(thrown)}`;
      if (this.#problem === undefined) logger.error('the disk of the log is not watched', { problem });
      this.#problem = problem;
      return;
    }
    // Apart from each other, so that a disk at the limit is not an alarm every few seconds.
    if (!this.#low && this.#free <= DISK_LOW_SHARE) this.#turn(true);
    else if (this.#low && this.#free >= DISK_WELL_SHARE) this.#turn(false);
    if (this.#recordedLow !== this.#low) await this.#record();
  }

  #turn(low: boolean): void {
    const { logger } = this.#options;
    const freePercent = percent(this.#free);
    this.#low = low;
    if (low) logger.error('the disk of the embedded database is nearly full', { freePercent });
    else logger.info('the disk of the embedded database has room again', { freePercent });
  }

  /** Where the log can't be written now, the next look tries again: a full disk is when that is likeliest. */
  async #record(): Promise<void> {
    const { record, logger } = this.#options;
    const low = this.#low;
    try {
      await record({
        kind: low ? 'log.disk_low' : 'log.disk_well',
        actor: { kind: 'gateway', name: 'audit' },
        fields: { freePercent: percent(this.#free) },
        control: ['AU-4', 'AU-5'],
      });
      this.#recordedLow = low;
    } catch (thrown) {
      logger.error('what the disk is like was not recorded yet', { error: errorText(thrown) });
    }
  }
}

/** What a process without privileges may still use of the whole. */
async function systemFreeShare(folder: string): Promise<number> {
  const { bavail, blocks } = await statfs(folder);
  return blocks === 0 ? 1 : bavail / blocks;
}

/** Whole percents, rounded down: 1.9 % is not 2. */
function percent(share: number): number {
  return Math.floor(share * 100);
}
