import { stderr } from 'node:process';
import { type ApiClient, segment } from '../api-client.ts';
import { PROGRESS_INTERVAL_MS } from '../limits.ts';

/** As in the API's answers. */
export interface BegunExport {
  readonly id: string;
  readonly seq: number;
  readonly origin: string;
  readonly from: number;
  readonly size: number;
  readonly before: readonly string[];
  readonly firstCheckpoint: number;
  readonly keys: readonly string[];
  readonly checkpoint: Checkpoint;
  /** Why the log is not signed now. */
  readonly problem?: string;
}

export interface Checkpoint {
  readonly number: number;
  readonly size: number;
  readonly ts: string;
  readonly note: string;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly next?: number;
}

/** What an export is made of, in order, page by page. */
export async function* pages<T>(
  client: ApiClient,
  begun: BegunExport,
  what: 'leaves' | 'checkpoints',
): AsyncGenerator<readonly T[]> {
  let from: number | undefined = 0;
  while (from !== undefined) {
    const page: Page<T> = await client.get(`/audit/exports/${segment(begun.id)}/${what}`, { from });
    yield page.items;
    from = page.next;
  }
}

/** How far it is, on the standard error; nothing for what is done at once. */
export class Progress {
  readonly #from: number;
  readonly #size: number;
  #shownAtMs = performance.now();
  #shown = false;

  constructor({ from, size }: BegunExport) {
    this.#from = from;
    this.#size = size - from;
  }

  /** @param seq of the next entry. */
  show(seq: number): void {
    const done = seq - this.#from;
    if (performance.now() - this.#shownAtMs < PROGRESS_INTERVAL_MS) return;
    this.#shownAtMs = performance.now();
    this.#shown = true;
    const percent = Math.floor((100 * done) / Math.max(1, this.#size));
    stderr.write(
      `${stderr.isTTY ? '\r' : ''}${done} of ${this.#size} entries (${percent} %)${stderr.isTTY ? '' : '\n'}`,
    );
  }

  end(): void {
    if (this.#shown && stderr.isTTY) stderr.write('\n');
  }
}
