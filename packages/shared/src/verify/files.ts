import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LINE_MAX_BYTES, WHOLE_FILE_MAX_BYTES } from './limits.ts';
import { Unproven } from './unproven.ts';

const NEWLINE = 0x0a;

/** What the manifest says of a file. */
export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly entries?: { readonly from: number; readonly until: number };
}

/** Reads a small file whole. */
export async function readWhole(folder: string, path: string): Promise<Buffer> {
  const file = folder === '' ? path : join(folder, path);
  const { size } = await stat(file).catch((error: unknown) => fail(path, error));
  if (size > WHOLE_FILE_MAX_BYTES)
    throw new Unproven(path, `it has ${size} bytes, far more than such a file has`);
  return await readFile(file).catch((error: unknown) => fail(path, error));
}

/** A file that was given beside the export. */
export async function readGiven(file: string): Promise<string> {
  return (await readWhole('', file)).toString('utf8');
}

/** A file that was given, or all files of a folder that was given, in order of their names. */
export async function filesAt(path: string): Promise<string[]> {
  const found = await stat(path).catch((error: unknown) => fail(path, error));
  return found.isDirectory() ? (await pathsIn(path)).toSorted().map((name) => join(path, name)) : [path];
}

/**
 * The lines of a file as bytes, without their newlines. When the last has been read the file must be what the
 * manifest says; what its lines say is looked at first, since that can name an entry.
 */
export async function* linesOf(folder: string, listed: ListedFile): AsyncGenerator<Buffer> {
  const { path } = listed;
  const hash = createHash('sha256');
  let bytes = 0;
  let rest: Buffer = Buffer.alloc(0);
  const stream = createReadStream(join(folder, path), { highWaterMark: 262_144 });
  try {
    for await (const part of stream) {
      const chunk: Buffer = part; // without an encoding a file's stream gives buffers
      hash.update(chunk);
      bytes += chunk.length;
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
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
    if (error instanceof Unproven) throw error;
    fail(path, error);
  } finally {
    stream.destroy();
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

/** Paths of all files in the folder, with forward slashes. */
export async function pathsIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) =>
    fail('.', error),
  );
  return found
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length).replaceAll('\\', '/'));
}

function fail(path: string, error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') throw new Unproven(path, 'it is missing');
  throw new Unproven(path, `it cannot be read (${error instanceof Error ? error.message : String(error)})`);
}
