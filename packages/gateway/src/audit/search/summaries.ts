import { setImmediate as soon } from 'node:timers/promises';
import { errorText } from '@sallyport/shared/errors';
import type { Logger } from 'winston';
import type { Store } from '../../store/index.ts';
import { BLOCK_ENTRIES, SUMMARISE_EVERY_MS, SUMMARY_TEXT_TERMS_MAX } from '../limits.ts';
import { bodyWords } from './bodies.ts';
import type { Extent } from './read.ts';
import { termsOf } from './terms.ts';

export interface SummariesOptions {
  readonly store: Store;
  readonly slot: number;
  readonly extent: () => Extent;
  readonly logger: Logger;
}

/**
 * Fills `audit_terms` behind the log, a block of entries at a time. Nobody waits for it: what is not in it yet, and a
 * block whose text is too much for it, is read through by a search.
 */
export class Summaries {
  readonly #options: SummariesOptions;
  readonly #timer: NodeJS.Timeout;
  #next: number | undefined;
  #closed = false;
  #working: Promise<void> = Promise.resolve();

  constructor(options: SummariesOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.catchUp(), SUMMARISE_EVERY_MS);
    this.#timer.unref();
  }

  /** Fills all blocks that are whole. */
  catchUp(): Promise<void> {
    this.#working = this.#working.then(() =>
      this.#fill().catch((thrown: unknown) => {
        if (!this.#closed)
          this.#options.logger.warn('the log was not prepared for searching', { error: errorText(thrown) });
      }),
    );
    return this.#working;
  }

  /** Forgets the blocks of entries [from, until): what was in their bodies is gone. They are filled again. */
  async forget(from: number, until: number): Promise<void> {
    const { store, slot } = this.#options;
    await this.#working;
    this.#next = undefined;
    await store.pool.query('DELETE FROM audit_terms WHERE slot = $1 AND block >= $2 AND block <= $3', [
      slot,
      Math.floor(from / BLOCK_ENTRIES),
      Math.floor((until - 1) / BLOCK_ENTRIES),
    ]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#working;
  }

  async #fill(): Promise<void> {
    const { store, slot, extent } = this.#options;
    const whole = Math.floor(extent().size / BLOCK_ENTRIES);
    this.#next ??= await this.#firstMissing(whole);
    for (; this.#next < whole && !this.#closed; this.#next += 1) {
      const block = this.#next;
      await store.pool.query(
        'INSERT INTO audit_terms (slot, block, terms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        [slot, block, await this.#termsOf(block)],
      );
      // Calls come first.
      await soon();
    }
  }

  async #firstMissing(whole: number): Promise<number> {
    const { store, slot, extent } = this.#options;
    const { rows } = await store.pool.query<{ block: string | null }>(
      `SELECT min(b) AS block FROM generate_series($3::bigint, $2::bigint - 1) AS b
        WHERE NOT EXISTS (SELECT FROM audit_terms t WHERE t.slot = $1 AND t.block = b)`,
      [slot, whole, Math.floor(extent().first / BLOCK_ENTRIES)],
    );
    return Number(rows[0]?.block ?? whole);
  }

  async #termsOf(block: number): Promise<string[]> {
    const { store, slot } = this.#options;
    const { rows } = await store.pool.query<{ leaf: string }>(
      'SELECT leaf FROM audit_entries WHERE slot = $1 AND seq >= $2 AND seq < $3',
      [slot, block * BLOCK_ENTRIES, (block + 1) * BLOCK_ENTRIES],
    );
    const leaves = rows.map((row) => row.leaf);
    const terms = new Set(leaves.flatMap((leaf) => [...termsOf(leaf)]));
    const words = new Set([...(await bodyWords(store.pool, leaves)).values()].flatMap((each) => [...each]));
    // A block with more words than that says so, and is read through by every search for text.
    if (words.size > SUMMARY_TEXT_TERMS_MAX) terms.add(ALL_TEXT);
    else for (const word of words) terms.add(`text:${word}`);
    return [...terms];
  }
}

/** Stands for any word. */
export const ALL_TEXT = 'text:*';
