import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Folder, type Given, type Source, unreadable } from './files.ts';
import { tarFolder } from './tar.ts';

/** What is read at a time. */
const PIECE_BYTES = 262_144;

/** An export on this machine: a folder, or a `.tar` file. @throws Unproven */
export async function exportAt(path: string): Promise<Folder> {
  return path.endsWith('.tar') ? await tarFolder(await fileAt(path)) : folderAt(path);
}

/** A file of this machine. @throws Unproven where there is none. */
export async function fileAt(path: string): Promise<Source> {
  return await sourceAt(path, path).catch((error: unknown) => unreadable(path, error));
}

/** A file, or all files of a folder, in order of their names. @throws Unproven where there is none. */
export async function filesAt(path: string): Promise<Given> {
  const found = await stat(path).catch((error: unknown) => unreadable(path, error));
  const paths = found.isDirectory()
    ? (await pathsIn(path)).toSorted().map((name) => join(path, name))
    : [path];
  return { name: path, files: await Promise.all(paths.map(fileAt)) };
}

function folderAt(folder: string): Folder {
  return {
    paths: () => pathsIn(folder).catch((error: unknown) => unreadable('.', error)),
    open: (path) => sourceAt(join(folder, path), path),
  };
}

async function sourceAt(file: string, name: string): Promise<Source> {
  const { size } = await stat(file);
  return { name, bytes: size, pieces: (from, until) => piecesOf(file, from, until) };
}

async function* piecesOf(file: string, from: number, until: number): AsyncGenerator<Buffer> {
  if (until <= from) return;
  const stream = createReadStream(file, { start: from, end: until - 1, highWaterMark: PIECE_BYTES });
  // Without an encoding a file's stream gives buffers; leaving the loop closes it.
  for await (const piece of stream) yield piece;
}

async function pathsIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length).replaceAll('\\', '/'));
}
