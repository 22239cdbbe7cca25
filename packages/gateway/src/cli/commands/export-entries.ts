import { type ApiClient, CliError } from '../api-client.ts';
import { EXPORT_FILE_ENTRIES } from '../limits.ts';
import type { ExportFile, ExportFolder } from './export-folder.ts';
import { type BegunExport, Progress, pages } from './export-pages.ts';

/**
 * Entries as they were hashed, a line each, and beside them the hashes the gateway had of them.
 *
 * @returns digests of the bodies that they name, where those are wanted.
 */
export async function writeEntries(
  client: ApiClient,
  begun: BegunExport,
  folder: ExportFolder,
  bodies: boolean,
): Promise<Set<string>> {
  const { from, size } = begun;
  const progress = new Progress(begun);
  const named = new Set<string>();
  let seq = from;
  let part: Part | undefined;
  for await (const page of pages<{ leaf: string; leafHash: string }>(client, begun, 'leaves')) {
    if (bodies) for (const { leaf } of page) for (const digest of digestsIn(leaf)) named.add(digest);
    for (let at = 0; at < page.length; ) {
      part ??= await Part.begin(folder, seq);
      const items = page.slice(at, at + part.room);
      await part.append(items);
      at += items.length;
      seq += items.length;
      progress.show(seq);
      if (part.room === 0) {
        await part.end();
        part = undefined;
      }
    }
  }
  await part?.end();
  progress.end();
  if (seq !== size) throw new CliError(`the gateway gave entries up to ${seq} of ${size}. Export again.`);
  return named;
}

/** Digests of the bodies that an entry names. */
function digestsIn(leaf: string): string[] {
  // Cast: the log's own canonical JSON of an entry (AUDIT.md).
  const { request, response } = JSON.parse(leaf) as Record<'request' | 'response', { digest?: string }>;
  return [request?.digest, response?.digest].filter((digest) => digest !== undefined);
}

/** The files of up to EXPORT_FILE_ENTRIES entries. */
class Part {
  readonly #from: number;
  readonly #entries: ExportFile;
  readonly #hashes: ExportFile;
  #count = 0;

  private constructor(from: number, entries: ExportFile, hashes: ExportFile) {
    this.#from = from;
    this.#entries = entries;
    this.#hashes = hashes;
  }

  static async begin(folder: ExportFolder, from: number): Promise<Part> {
    const name = `entries/${String(from).padStart(12, '0')}`;
    return new Part(from, await folder.begin(`${name}.ndjson`), await folder.begin(`${name}.hashes`));
  }

  /** Entries it still takes. */
  get room(): number {
    return EXPORT_FILE_ENTRIES - this.#count;
  }

  async append(items: readonly { leaf: string; leafHash: string }[]): Promise<void> {
    await this.#entries.append(items.map(({ leaf }) => `${leaf}\n`).join(''));
    await this.#hashes.append(items.map(({ leafHash }) => `${leafHash}\n`).join(''));
    this.#count += items.length;
  }

  async end(): Promise<void> {
    const entries = { from: this.#from, until: this.#from + this.#count };
    await this.#entries.end(entries);
    await this.#hashes.end(entries);
  }
}
