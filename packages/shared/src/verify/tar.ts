import { type Folder, type Source, unreadable } from './files.ts';
import { Unproven } from './unproven.ts';

const BLOCK = 512;

/**
 * The files in a tar file (ustar), read where they stand. Paths that lead out of it, links and anything that is no plain
 * file are refused.
 *
 * @throws Unproven
 */
export async function tarFolder(tar: Source): Promise<Folder> {
  const files = new Map<string, Source>();
  for (let at = 0; ; ) {
    const header = await headerAt(tar, at);
    if (header.every((byte) => byte === 0)) break;
    const { path, size } = readHeader(tar.name, header);
    const start = at + BLOCK;
    if (start + size > tar.bytes) throw new Unproven(tar.name, 'it was cut off in the middle of a file');
    // A second file of one path would hide the first.
    if (files.has(path)) throw new Unproven(tar.name, 'it holds a file twice');
    files.set(path, {
      name: path,
      bytes: size,
      pieces: (from, until) => tar.pieces(start + from, start + until),
    });
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return { paths: async () => [...files.keys()], open: async (path) => files.get(path) };
}

async function headerAt(tar: Source, at: number): Promise<Buffer> {
  if (at + BLOCK > tar.bytes)
    throw new Unproven(tar.name, 'it was cut off: a tar file ends with empty blocks');
  const pieces: Buffer[] = [];
  try {
    for await (const piece of tar.pieces(at, at + BLOCK)) pieces.push(piece);
  } catch (error) {
    unreadable(tar.name, error);
  }
  return Buffer.concat(pieces);
}

function readHeader(file: string, header: Buffer): { path: string; size: number } {
  const text = (from: number, to: number): string =>
    header.subarray(from, to).toString('latin1').replace(/\0.*$/s, '');
  const sum = Number.parseInt(text(148, 156).trim(), 8);
  const counted = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (sum !== counted || text(257, 262) !== 'ustar')
    throw new Unproven(file, 'it is no tar file, or was damaged');
  const path = text(0, 100);
  // The paths of exports: a folder at most, and nothing that leads out of it.
  if (!/^(?:[A-Za-z0-9]+\/)?[A-Za-z0-9]+\.[A-Za-z]+$/.test(path))
    throw new Unproven(file, `it holds "${path.slice(0, 100)}", which no export has`);
  if (header[156] !== 0x30 && header[156] !== 0) throw new Unproven(file, `"${path}" in it is no plain file`);
  const size = Number.parseInt(text(124, 136).trim(), 8);
  if (!Number.isSafeInteger(size) || size < 0)
    throw new Unproven(file, `the size of "${path}" in it is not readable`);
  return { path, size };
}
