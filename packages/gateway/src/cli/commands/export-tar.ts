import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const BLOCK = 512;

/** Packs files of a folder into a tar file (ustar), in the given order. The file has its name only when it is whole. */
export async function packTar(folder: string, paths: readonly string[], file: string): Promise<void> {
  const unfinished = `${file}.unfinished`;
  const out = await open(unfinished, 'w', 0o600);
  try {
    for (const path of paths) {
      const { size } = await stat(join(folder, path));
      await out.writeFile(header(path, size));
      for await (const chunk of createReadStream(join(folder, path))) await out.writeFile(chunk);
      await out.writeFile(Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK));
    }
    await out.writeFile(Buffer.alloc(2 * BLOCK));
    await out.sync();
  } catch (thrown) {
    await out.close();
    await rm(unfinished, { force: true });
    throw thrown;
  }
  await out.close();
  await rename(unfinished, file);
}

/** A header of POSIX.1-1988 (ustar). Owner and time are left out: two exports of one log are the same bytes. */
function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number): void =>
    void block.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1');
  block.write(path, 0, 100, 'latin1');
  octal(0o444, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  block.write('        ', 148, 'latin1');
  block.write('0', 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
