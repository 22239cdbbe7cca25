import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type ApiClient, CliError } from '../api-client.ts';
import { connect, example, JSON_OPTION, type JsonOption } from '../connect.ts';
import { complain, say, sayJson } from '../output.ts';
import { writeEntries } from './export-entries.ts';
import { type Pages, refuseExisting, writeEvents } from './export-events.ts';
import { ExportFolder } from './export-folder.ts';
import { type BegunExport, type Checkpoint, Progress, pages } from './export-pages.ts';
import { readmeFor } from './export-readme.ts';
import { packTar } from './export-tar.ts';
import { writeAnchors, writeKept, writeReceipts, writeWitnesses } from './export-witnesses.ts';

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
    .option('--from <place>', 'the first entry: its seq, or the first from a time on (2026-01-01T00:00:00Z)')
    .option(
      '--until <place>',
      'where to end: with the first checkpoint that covers what is before this seq or time',
    )
    .option('--bodies', 'with the masked requests and answers that entries have the digests of')
    .option('--sealed', 'with the exact requests, sealed as they are; needs the role custodian')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      example(
        'audit export --out ./audit-2026-01',
        'audit export --bodies --out audit-2026-01.tar',
        'audit export --from 2026-01-01T00:00:00Z --until 2026-02-01T00:00:00Z --out ./audit-2026-01',
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
      const begun = await client.post<BegunExport>('/audit/exports', partOf(options));
      await writeExport(client, begun, folder, options);
      if (isTar) {
        await packTar(folder.path, ['MANIFEST.json', ...folder.files.map(({ path }) => path)], out);
        await rm(folder.path, { recursive: true });
      }
      if (begun.problem !== undefined) complain(`the export ends with the last checkpoint: ${begun.problem}`);
      if (options.json) return sayJson({ folder: out, ...begun });
      const which = begun.from === 0 ? '' : `, from entry ${begun.from} on,`;
      say(`${begun.size - begun.from} entries of ${begun.origin}${which} are in ${out}.`);
      say(`Its last checkpoint was signed at ${begun.checkpoint.ts} by:`);
      for (const key of begun.keys) say(`  ${key}`);
      say(`Verify it with: sallyport-verify ${options.out}`);
    });
}

type ExportOptions = JsonOption & {
  out: string;
  from?: string;
  until?: string;
  bodies?: boolean;
  sealed?: boolean;
  format: 'ndjson' | EventFormat;
};
type EventFormat = 'ocsf' | 'cef' | 'parquet';

async function exportEvents(client: ApiClient, options: ExportOptions, format: EventFormat): Promise<void> {
  const file = resolve(options.out);
  const begin = async function* () {
    const begun = await client.post<BegunExport>('/audit/exports', partOf(options));
    const progress = new Progress(begun);
    let seq = begun.from;
    for await (const page of pages<{ leaf: string; leafHash: string }>(client, begun, 'leaves')) {
      yield page;
      seq += page.length;
      progress.show(seq);
    }
    progress.end();
    if (seq !== begun.size)
      throw new CliError(`the gateway gave entries up to ${seq} of ${begun.size}. Export again.`);
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

/** A seq where it is a number, and else a time. */
function partOf({ from, until }: Pick<ExportOptions, 'from' | 'until'>): Record<string, string | number> {
  const place = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);
  return {
    ...(from === undefined ? {} : { from: place(from) }),
    ...(until === undefined ? {} : { until: place(until) }),
  };
}

async function writeExport(
  client: ApiClient,
  begun: BegunExport,
  folder: ExportFolder,
  { bodies, sealed }: Pick<ExportOptions, 'bodies' | 'sealed'>,
): Promise<void> {
  const isPart = begun.from > 0 || begun.before.length > 0;
  const named = await writeEntries(client, begun, folder, bodies === true);
  if (isPart) await folder.write('before.hashes', begun.before.map((hash) => `${hash}\n`).join(''));
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
  if (bodies) await writeKept(client, begun.id, folder, 'bodies', named);
  if (sealed) await writeKept(client, begun.id, folder, 'originals');
  await folder.write('keys.txt', begun.keys.map((key) => `${key}\n`).join(''));
  await folder.write('README.txt', readmeFor(begun));
  await folder.finish({
    origin: begun.origin,
    ...(isPart ? { from: begun.from, firstCheckpoint: begun.firstCheckpoint } : {}),
    size: begun.size,
    export: { id: begun.id, seq: begun.seq },
    checkpoint: { number: begun.checkpoint.number, size: begun.checkpoint.size },
  });
}
