import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** One file of an export, as MANIFEST.json names it. */
interface Written {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly entries?: { readonly from: number; readonly until: number };
}

/** The files of an export that is being written beside its place, and put there when it is whole and durable. */
export class ExportFiles {
  readonly #place: string;
  readonly #written: Written[] = [];

  private constructor(place: string) {
    this.#place = place;
  }

  /** What an earlier attempt left unfinished is removed; a finished export in the place stays until the end. */
  static async begin(place: string): Promise<ExportFiles> {
    const files = new ExportFiles(place);
    await rm(files.#unfinished, { recursive: true, force: true });
    await mkdir(files.#unfinished, { recursive: true, mode: 0o700 });
    return files;
  }

  get #unfinished(): string {
    return `${this.#place}.unfinished`;
  }

  /** Writes a file from texts, in order, and waits until it is durable. */
  async write(
    path: string,
    texts: Iterable<string> | AsyncIterable<string>,
    entries?: { readonly from: number; readonly until: number },
  ): Promise<void> {
    const { bytes, sha256 } = await this.#put(path, texts);
    this.#written.push({ path, bytes, sha256, ...(entries === undefined ? {} : { entries }) });
  }

  /** Writes the manifest and puts the whole in its place. Returns the manifest's SHA-256. */
  async finish(about: Readonly<Record<string, unknown>>): Promise<string> {
    const manifest = `${JSON.stringify({ v: 1, ...about, files: this.#written }, undefined, 2)}\n`;
    const { sha256 } = await this.#put('MANIFEST.json', [manifest]);
    await rm(this.#place, { recursive: true, force: true });
    await rename(this.#unfinished, this.#place);
    const folder = await open(dirname(this.#place), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return sha256;
  }

  async #put(
    path: string,
    texts: Iterable<string> | AsyncIterable<string>,
  ): Promise<{ bytes: number; sha256: string }> {
    const file = join(this.#unfinished, path);
    await mkdir(dirname(file), { recursive: true });
    const handle: FileHandle = await open(file, 'wx', 0o600);
    const hash: Hash = createHash('sha256');
    let bytes = 0;
    try {
      for await (const text of texts) {
        const piece = Buffer.from(text, 'utf8');
        hash.update(piece);
        bytes += piece.length;
        await handle.writeFile(piece);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    return { bytes, sha256: hash.digest('hex') };
  }
}
