import { PAGE_MAX_CHECKPOINTS, RETENTION_FILE_ENTRIES, RETENTION_PAGE_ITEMS } from '../limits.ts';
import type { Audit, StoredCheckpoint } from '../types.ts';
import { ExportFiles } from './export-files.ts';

/** Where an export takes what it holds. */
export type ExportSource = Pick<
  Audit,
  | 'origin'
  | 'leaves'
  | 'treeBefore'
  | 'checkpoints'
  | 'checkpointFrom'
  | 'checkpointUpTo'
  | 'keptBodies'
  | 'keptOriginals'
  | 'witnesses'
  | 'anchors'
  | 'signing'
> & {
  /** Lines of agents' receipts that belong to entries from a seq up to but without another, page by page. */
  readonly receipts: (from: number, until: number) => AsyncIterable<readonly string[]>;
};

interface Part {
  readonly from: number;
  readonly until: number;
}

/**
 * Writes an export of entries from `from` up to the first checkpoint that covers those before `until`, with bodies and
 * sealed originals, in the form that `sallyport-verify` takes.
 *
 * @returns its last checkpoint, and the SHA-256 of its manifest.
 * @throws Error where no checkpoint covers them yet.
 */
export async function writePartExport(
  source: ExportSource,
  { from, until }: Part,
  place: string,
  exported: { readonly id: string; readonly seq: number },
): Promise<{ checkpoint: StoredCheckpoint; manifest: string }> {
  const checkpoint = await source.checkpointFrom(until);
  if (checkpoint === undefined) throw new Error(`no checkpoint covers the entries before ${until} yet`);
  const { size, number } = checkpoint;
  const first = from === 0 ? 0 : ((await source.checkpointUpTo(from))?.number ?? 0);
  const before = await source.treeBefore(from);
  const files = await ExportFiles.begin(place);
  const named = await writeEntries(source, from, size, files);
  const isPart = from > 0;
  if (isPart)
    await files.write('before.hashes', [before.map((root) => `${root.toString('hex')}\n`).join('')]);
  await files.write('checkpoints.ndjson', checkpointsOf(source, first, number));
  const { witnesses, anchors } = source;
  await files.write('witnesses/keys.ndjson', [linesOf((await witnesses?.keys()) ?? [])]);
  await files.write('witnesses/conflicts.ndjson', [linesOf((await witnesses?.conflicts()) ?? [])]);
  await files.write('witnesses/cosignatures.ndjson', cosignaturesOf(witnesses, first, number));
  await files.write('receipts/receipts.ndjson', receiptsOf(source, from, size));
  await files.write('anchors/anchors.ndjson', anchorsOf(anchors, first, number));
  await files.write('bodies/bodies.ndjson', bodiesOf(source, size, named));
  await files.write('sealed/originals.ndjson', originalsOf(source, from, size));
  const keys = source.signing()?.keys ?? [];
  await files.write('keys.txt', [keys.map((key) => `${key}\n`).join('')]);
  await files.write('README.txt', [readme(source.origin, from, size)]);
  const manifest = await files.finish({
    origin: source.origin,
    ...(isPart ? { from, firstCheckpoint: first } : {}),
    size,
    export: exported,
    checkpoint: { number, size },
  });
  return { checkpoint, manifest };
}

/** The entries and their hashes, a file for so many. Returns the digests of the bodies that they name. */
async function writeEntries(
  source: ExportSource,
  from: number,
  size: number,
  files: ExportFiles,
): Promise<Set<string>> {
  const named = new Set<string>();
  for (let begin = from; begin < size; begin += RETENTION_FILE_ENTRIES) {
    const range = { from: begin, until: Math.min(size, begin + RETENTION_FILE_ENTRIES) };
    const name = `entries/${String(begin).padStart(12, '0')}`;
    const hashes: string[] = [];
    const texts = async function* (): AsyncGenerator<string> {
      for (let seq = range.from; seq < range.until; ) {
        const page = await source.leaves(seq, range.until);
        if (page.length === 0) throw new Error(`the log has no entry ${seq}`);
        for (const { leaf, leafHash } of page) {
          hashes.push(`${leafHash}\n`);
          for (const digest of digestsIn(leaf)) named.add(digest);
        }
        yield linesOfText(page.map(({ leaf }) => leaf));
        seq += page.length;
      }
    };
    await files.write(`${name}.ndjson`, texts(), range);
    await files.write(`${name}.hashes`, [hashes.join('')], range);
  }
  return named;
}

function digestsIn(leaf: string): string[] {
  // The leaf is our own canonical JSON of an entry.
  const { request, response } = JSON.parse(leaf) as Record<'request' | 'response', { digest?: string }>;
  return [request?.digest, response?.digest].filter((digest) => digest !== undefined);
}

async function* checkpointsOf(source: ExportSource, first: number, last: number): AsyncGenerator<string> {
  for (let next = first; next <= last; ) {
    const page = (await source.checkpoints(next, PAGE_MAX_CHECKPOINTS)).filter(
      ({ number }) => number <= last,
    );
    if (page.length === 0) return;
    yield linesOf(page.map(({ number, note }) => ({ number, note })));
    next = (page.at(-1)?.number ?? last) + 1;
  }
}

async function* cosignaturesOf(
  witnesses: Audit['witnesses'],
  first: number,
  last: number,
): AsyncGenerator<string> {
  for (let next = first; witnesses !== undefined && next <= last; ) {
    const page = await witnesses.cosignatures(next, last);
    if (page.length === 0) return;
    yield linesOf(page);
    next = (page.at(-1)?.number ?? last) + 1;
  }
}

async function* receiptsOf(source: ExportSource, from: number, size: number): AsyncGenerator<string> {
  for await (const lines of source.receipts(from, size)) yield linesOfText(lines);
}

async function* anchorsOf(anchors: Audit['anchors'], first: number, last: number): AsyncGenerator<string> {
  for (let after = { number: first, anchor: '' }; anchors !== undefined; ) {
    const page = await anchors.page(after, last, RETENTION_PAGE_ITEMS);
    yield linesOf(
      page.map(({ proof, ...rest }) => ({
        ...rest,
        ...(proof === undefined ? {} : { proof: proof.toString('base64') }),
      })),
    );
    const end = page.at(-1);
    if (end === undefined || page.length < RETENTION_PAGE_ITEMS) return;
    after = { number: end.number, anchor: end.anchor };
  }
}

async function* bodiesOf(
  source: ExportSource,
  size: number,
  named: ReadonlySet<string>,
): AsyncGenerator<string> {
  for (let after = ''; ; ) {
    const page = await source.keptBodies(after, size, RETENTION_PAGE_ITEMS);
    const mine = page.filter(({ digest }) => named.has(digest));
    yield linesOf(mine.map(({ digest, body }) => ({ digest, body: body.toString('base64') })));
    const end = page.at(-1);
    if (end === undefined || page.length < RETENTION_PAGE_ITEMS) return;
    after = end.digest;
  }
}

async function* originalsOf(source: ExportSource, from: number, size: number): AsyncGenerator<string> {
  for (let after = from - 1; ; ) {
    const page = await source.keptOriginals(after, size, RETENTION_PAGE_ITEMS);
    yield linesOf(
      page.map(({ seq, period, wrappedKey, sealed }) => ({
        seq,
        period,
        wrappedKey: wrappedKey.toString('base64'),
        sealed: sealed.toString('base64'),
      })),
    );
    const end = page.at(-1);
    if (end === undefined || page.length < RETENTION_PAGE_ITEMS) return;
    after = end.seq;
  }
}

function linesOf(items: readonly object[]): string {
  return linesOfText(items.map((item) => JSON.stringify(item)));
}

function linesOfText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function readme(origin: string, from: number, size: number): string {
  return `AUDIT LOG ${origin}

This folder holds the entries ${from} to ${size - 1} of the audit log "${origin}", as they were before a month of them was
dropped from the database (an entry of the kind retention.dropped has the SHA-256 of MANIFEST.json here).
To check it, without network, database and gateway:

  sallyport-verify <this folder>

docs/AUDIT.md of Sallyport says what the files are, and what is proven and what is not.
`;
}
