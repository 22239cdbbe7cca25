import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CliError } from '../api-client.ts';

/** One file of an export, as MANIFEST.json names it. */
export interface ExportedFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
  /** Seqs of the entries in it. */
  readonly entries?: { readonly from: number; readonly until: number };
}

/** A folder that is written once, file by file, with a digest of each. */
export class ExportFolder {
  readonly path: string;
  readonly files: ExportedFile[] = [];

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws CliError when there is something in the folder: two exports must not mix. */
  static async create(path: string): Promise<ExportFolder> {
    await mkdir(path, { recursive: true });
    const there = await readdir(path);
    if (there.length > 0) {
      throw new CliError(`${path} is not empty. An export needs a folder of its own: give another --out.`);
    }
    return new ExportFolder(path);
  }

  async begin(path: string): Promise<ExportFile> {
    const file = join(this.path, path);
    await mkdir(dirname(file), { recursive: true });
    return new ExportFile(path, await open(file, 'wx'), (done) => this.files.push(done));
  }

  async write(path: string, text: string): Promise<void> {
    const file = await this.begin(path);
    await file.append(text);
    await file.end();
  }

  /** The manifest comes last: an export that broke off has none. */
  async finish(about: Readonly<Record<string, unknown>>): Promise<void> {
    const manifest = { v: 1, ...about, files: this.files };
    await writeFile(join(this.path, 'MANIFEST.json'), `${JSON.stringify(manifest, undefined, 2)}\n`, {
      flag: 'wx',
    });
  }
}

/** A file being written. */
export class ExportFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  readonly #done: (file: ExportedFile) => void;
  #bytes = 0;

  constructor(path: string, handle: FileHandle, done: (file: ExportedFile) => void) {
    this.#path = path;
    this.#handle = handle;
    this.#done = done;
  }

  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text, 'utf8');
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    await this.#handle.writeFile(bytes);
  }

  /** Durable when it resolves. */
  async end(entries?: { readonly from: number; readonly until: number }): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
    const file = { path: this.#path, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
    this.#done(entries === undefined ? file : { ...file, entries });
  }
}
