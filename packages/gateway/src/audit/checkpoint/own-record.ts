import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * The file in which a signer keeps its last checkpoint, apart from the database: whoever can rewrite the database
 * cannot make the signer forget what it has signed.
 */
export class OwnRecord {
  readonly file: string;

  constructor(folder: string, slot: number) {
    this.file = join(folder, `audit-signer-${slot}.checkpoint`);
  }

  async read(): Promise<string | undefined> {
    return await readFile(this.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
  }

  /** Durable when it resolves; a crash leaves the old or the new, never a part. */
  async write(note: string): Promise<void> {
    const folder = dirname(this.file);
    await mkdir(folder, { recursive: true });
    const draft = `${this.file}.new`;
    await writeThrough(draft, note);
    await rename(draft, this.file);
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  }
}

async function writeThrough(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
