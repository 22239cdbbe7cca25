import { createHash } from 'node:crypto';
import { LINE_MAX_BYTES, WHOLE_FILE_MAX_BYTES } from './limits.ts';
import { Unproven } from './unproven.ts';

const NEWLINE = 0x0a;

/** A file, wherever it lies: on a disk (disk.ts), in a tar file (tar.ts), in a browser (page/). */
export interface Source {
  /** As messages name it. */
  readonly name: string;
  readonly bytes: number;
  /** Its bytes, piece by piece, from one place until before another. */
  pieces(from: number, until: number): AsyncIterable<Buffer>;
}

/** An export, wherever it lies. */
export interface Folder {
  /** Paths of all files in it, with forward slashes. */
  paths(): Promise<readonly string[]>;
  /** One of its files; undefined where it is missing. */
  open(path: string): Promise<Source | undefined>;
}

/** Files that were given together: one, or all of a folder. */
export interface Given {
  /** As it was given. */
  readonly name: string;
  readonly files: readonly Source[];
}

/** What the manifest says of a file. */
export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly entries?: { readonly from: number; readonly until: number };
}

/** Reads a small file of an export whole. */
export async function readWhole(folder: Folder, path: string): Promise<Buffer> {
  return await readSource(await opened(folder, path));
}

/** A file that was given beside the export. */
export async function readGiven(source: Source): Promise<string> {
  return (await readSource(source)).toString('utf8');
}

async function readSource(source: Source): Promise<Buffer> {
  const { name, bytes } = source;
  if (bytes > WHOLE_FILE_MAX_BYTES)
    throw new Unproven(name, `it has ${bytes} bytes, far more than such a file has`);
  const pieces: Buffer[] = [];
  try {
    for await (const piece of source.pieces(0, bytes)) pieces.push(piece);
  } catch (error) {
    unreadable(name, error);
  }
  return Buffer.concat(pieces);
}

async function opened(folder: Folder, path: string): Promise<Source> {
  const source = await folder.open(path).catch((error: unknown) => unreadable(path, error));
  if (source === undefined) throw new Unproven(path, 'it is missing');
  return source;
}

/**
 * The lines of a file as bytes, without their newlines. When the last has been read the file must be what the
 * manifest says; what its lines say is looked at first, since that can name an entry.
 */
export async function* linesOf(folder: Folder, listed: ListedFile): AsyncGenerator<Buffer> {
  const { path } = listed;
  const hash = createHash('sha256');
  let bytes = 0;
  let rest: Buffer = Buffer.alloc(0);
  const source = await opened(folder, path);
  try {
    for await (const piece of source.pieces(0, source.bytes)) {
      hash.update(piece);
      bytes += piece.length;
      const data = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      let at = 0;
      for (let end = data.indexOf(NEWLINE); end !== -1; end = data.indexOf(NEWLINE, at)) {
        yield data.subarray(at, end);
        at = end + 1;
      }
      rest = data.subarray(at);
      if (rest.length > LINE_MAX_BYTES)
        throw new Unproven(path, 'it has a line that is longer than any entry');
    }
  } catch (error) {
    unreadable(path, error);
  }
  if (rest.length > 0) throw new Unproven(path, 'it was cut in the middle of its last line');
  requireListed(listed, bytes, hash.digest('hex'));
}

/** A file is what the manifest says it is. */
export function requireListed(listed: ListedFile, bytes: number, sha256: string): void {
  if (bytes !== listed.bytes) {
    throw new Unproven(listed.path, `it has ${bytes} bytes, and MANIFEST.json says ${listed.bytes}`);
  }
  if (sha256 !== listed.sha256) {
    throw new Unproven(
      listed.path,
      'its SHA-256 is not the one in MANIFEST.json: it was changed, or is of another export',
    );
  }
}

/** What could not be read is not proven. @throws Unproven always. */
export function unreadable(path: string, error: unknown): never {
  if (error instanceof Unproven) throw error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') throw new Unproven(path, 'it is missing');
  throw new Unproven(path, `it cannot be read (${error instanceof Error ? error.message : String(error)})`);
}
