import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { stderr } from 'node:process';
import { type Command, Option } from 'commander';
import { type ApiClient, CliError, segment } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { EXPORT_FILE_ENTRIES, PROGRESS_INTERVAL_MS } from '../limits.ts';
import { complain, say, sayJson } from '../output.ts';
import { type Pages, refuseExisting, writeEvents } from './export-events.ts';
import { type ExportFile, ExportFolder } from './export-folder.ts';
import { readmeFor } from './export-readme.ts';
import { packTar } from './export-tar.ts';
import { writeAnchors, writeKept, writeReceipts, writeWitnesses } from './export-witnesses.ts';

/** As in the API's answers. */
export interface BegunExport {
  readonly id: string;
  readonly seq: number;
  readonly origin: string;
  readonly size: number;
  readonly keys: readonly string[];
  readonly checkpoint: Checkpoint;
  /** Why the log is not signed now. */
  readonly problem?: string;
}

interface Checkpoint {
  readonly number: number;
  readonly size: number;
  readonly ts: string;
  readonly note: string;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly next?: number;
}

/** `audit export`: the whole log in a folder that proves itself. */
export function addExportCommand(audit: Command): void {
  audit
    .command('export')
    .summary('write the whole audit log into a folder that can be verified without the gateway')
    .description(
      'Writes the whole audit log into a folder that can be verified without the gateway; or, with another format, its events into one file for a system that watches. Exporting is itself recorded.',
    )
    .requiredOption('--out <path>', 'a new or empty folder; a new file for ocsf, cef and parquet')
    .addOption(
      new Option(
        '--format <format>',
        'ndjson proves itself; ocsf (API Activity) and cef are for watching, parquet for tables',
      )
        .choices(['ndjson', 'ocsf', 'cef', 'parquet'])
        .default('ndjson'),
    )
    .option('--bodies', 'with the masked requests and answers that entries have the digests of')
    .option('--sealed', 'with the exact requests, sealed as they are; needs the role custodian')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      example(
        'audit export --out ./audit-2026-01',
        'audit export --bodies --out audit-2026-01.tar',
        'audit export --format ocsf --out events.ndjson',
      ),
    )
    .action(async (options: ExportOptions, command: Command) => {
      const client = connect(command);
      if (options.format !== 'ndjson') return await exportEvents(client, options, options.format);
      const out = resolve(options.out);
      const isTar = out.endsWith('.tar');
      if (isTar) await refuseExisting(out);
      const folder = await ExportFolder.create(isTar ? `${out}.files` : out);
      const begun = await client.post<BegunExport>('/audit/exports', {});
      await writeExport(client, begun, folder, options);
      if (isTar) {
        await packTar(folder.path, ['MANIFEST.json', ...folder.files.map(({ path }) => path)], out);
        await rm(folder.path, { recursive: true });
      }
      if (begun.problem !== undefined) complain(`the export ends with the last checkpoint: ${begun.problem}`);
      if (options.json) return sayJson({ folder: out, ...begun });
      say(`${begun.size} entries of ${begun.origin} are in ${out}.`);
      say(`Its last checkpoint was signed at ${begun.checkpoint.ts} by:`);
      for (const key of begun.keys) say(`  ${key}`);
      say(`Verify it with: sallyport-verify ${options.out}`);
    });
}

type ExportOptions = JsonOption & {
  out: string;
  bodies?: boolean;
  sealed?: boolean;
  format: 'ndjson' | EventFormat;
};
type EventFormat = 'ocsf' | 'cef' | 'parquet';

async function exportEvents(client: ApiClient, options: ExportOptions, format: EventFormat): Promise<void> {
  const file = resolve(options.out);
  const begin = async function* () {
    const begun = await client.post<BegunExport>('/audit/exports', {});
    const progress = new Progress(begun.size);
    let seq = 0;
    for await (const page of pages<{ leaf: string; leafHash: string }>(client, begun, 'leaves')) {
      yield page;
      seq += page.length;
      progress.show(seq);
    }
    progress.end();
    if (seq !== begun.size)
      throw new CliError(`the gateway gave ${seq} of ${begun.size} entries. Export again.`);
  };
  const written =
    format === 'parquet' ? await exportParquet(file, begin) : await writeEvents(file, format, begin);
  if (options.json) return sayJson({ file, format, events: written });
  say(`${written} events are in ${file}. They are for watching: what proves itself is --format ndjson.`);
}

/** Loaded only where it is asked for. */
async function exportParquet(file: string, begin: () => Pages): Promise<number> {
  const { writeParquet } = await import('./export-parquet.ts');
  return await writeParquet(file, begin);
}

async function writeExport(
  client: ApiClient,
  begun: BegunExport,
  folder: ExportFolder,
  { bodies, sealed }: Pick<ExportOptions, 'bodies' | 'sealed'>,
): Promise<void> {
  await writeEntries(client, begun, folder);
  const checkpoints = await folder.begin('checkpoints.ndjson');
  for await (const page of pages<Checkpoint>(client, begun, 'checkpoints')) {
    await checkpoints.append(
      page.map(({ number, note }) => `${JSON.stringify({ number, note })}\n`).join(''),
    );
  }
  await checkpoints.end();
  await writeWitnesses(client, begun.id, folder);
  await writeReceipts(client, begun.id, folder);
  await writeAnchors(client, begun.id, folder);
  if (bodies) await writeKept(client, begun.id, folder, 'bodies');
  if (sealed) await writeKept(client, begun.id, folder, 'originals');
  await folder.write('keys.txt', begun.keys.map((key) => `${key}\n`).join(''));
  await folder.write('README.txt', readmeFor(begun));
  await folder.finish({
    origin: begun.origin,
    size: begun.size,
    export: { id: begun.id, seq: begun.seq },
    checkpoint: { number: begun.checkpoint.number, size: begun.checkpoint.size },
  });
}

/** Entries as they were hashed, a line each, and beside them the hashes the gateway had of them. */
async function writeEntries(client: ApiClient, begun: BegunExport, folder: ExportFolder): Promise<void> {
  const { size } = begun;
  const progress = new Progress(size);
  let seq = 0;
  let part: Part | undefined;
  for await (const page of pages<{ leaf: string; leafHash: string }>(client, begun, 'leaves')) {
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
  if (seq !== size) throw new CliError(`the gateway gave ${seq} of ${size} entries. Export again.`);
}

async function* pages<T>(
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

/** How far it is, on the standard error; nothing for what is done at once. */
class Progress {
  readonly #size: number;
  #shownAtMs = performance.now();
  #shown = false;

  constructor(size: number) {
    this.#size = size;
  }

  show(done: number): void {
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
