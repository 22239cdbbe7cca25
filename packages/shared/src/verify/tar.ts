import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Unproven } from './unproven.ts';

const BLOCK = 512;
/** What is read at a time. */
const CHUNK = 1_048_576;

/**
 * Unpacks a tar file (ustar) of plain files into a folder of its own, which the caller removes. Paths that lead out of
 * it, links and anything that is no plain file are refused.
 *
 * @throws Unproven
 */
export async function unpacked(file: string): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-verify-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await unpack(file, folder);
    return { folder, remove };
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}

async function unpack(file: string, folder: string): Promise<void> {
  const tar = await open(file, 'r');
  try {
    const header = Buffer.alloc(BLOCK);
    for (let at = 0; ; ) {
      const { bytesRead } = await tar.read(header, 0, BLOCK, at);
      if (bytesRead < BLOCK) throw new Unproven(file, 'it was cut off: a tar file ends with empty blocks');
      if (header.every((byte) => byte === 0)) return;
      const { path, size } = readHeader(file, header);
      await copy(file, tar, at + BLOCK, size, join(folder, path));
      at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    }
  } finally {
    await tar.close();
  }
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

async function copy(
  file: string,
  tar: Awaited<ReturnType<typeof open>>,
  from: number,
  size: number,
  to: string,
): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  // A second file of one path would hide the first.
  const out = await open(to, 'wx').catch(() => {
    throw new Unproven(file, 'it holds a file twice');
  });
  try {
    const chunk = Buffer.alloc(Math.min(CHUNK, Math.max(size, 1)));
    for (let done = 0; done < size; ) {
      const { bytesRead } = await tar.read(chunk, 0, Math.min(chunk.length, size - done), from + done);
      if (bytesRead === 0) throw new Unproven(file, 'it was cut off in the middle of a file');
      await out.write(chunk, 0, bytesRead);
      done += bytesRead;
    }
  } finally {
    await out.close();
  }
}
