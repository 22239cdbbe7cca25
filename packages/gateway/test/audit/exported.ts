import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type Ended, runNode } from '../cli/run-program.ts';
import { textOf, verifyInPage } from './in-page.ts';

const VERIFIER = fileURLToPath(new URL('../../../shared/src/verify/main.ts', import.meta.url));

/**
 * Runs the verifier as a process of its own, with nothing of the gateway's environment. The page for browsers must say
 * the same, word by word, whatever is asked.
 */
export async function verify(...args: readonly string[]): Promise<Ended> {
  const ended = await runNode(VERIFIER, args);
  const verdict = await verifyInPage(args);
  if (!args.includes('--json')) expect(textOf(verdict)).toBe(ended.stdout + ended.stderr);
  expect(verdict.proven).toBe(ended.code === 0);
  return ended;
}

/** An export in a folder, with what an attacker who is careful does to it. */
export class Exported {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A copy to attack. */
  copy(): Exported {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-export-'));
    cpSync(this.folder, folder, { recursive: true });
    return new Exported(folder);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.folder, path), text);
  }

  lines(path: string): string[] {
    return this.read(path).trimEnd().split('\n');
  }

  /** Changes lines of a file. */
  edit(path: string, change: (lines: string[]) => readonly string[]): void {
    this.write(path, `${change(this.lines(path)).join('\n')}\n`);
  }

  /** Changes the leaves of the first part, and makes their hashes follow. */
  forge(change: (leaves: string[]) => readonly string[]): void {
    this.edit(ENTRIES, change);
    this.edit(HASHES, () =>
      this.lines(ENTRIES).map((leaf) => createHash('sha256').update(`\0${leaf}`).digest('hex')),
    );
  }

  /** Makes the manifest say what the files are now; `size` where entries were added or removed. */
  fixManifest(size?: number): void {
    const manifest = JSON.parse(this.read('MANIFEST.json'));
    if (size !== undefined) manifest.size = size;
    for (const file of manifest.files) {
      const text = this.read(file.path);
      file.bytes = Buffer.byteLength(text);
      file.sha256 = createHash('sha256').update(text).digest('hex');
      if (file.entries !== undefined && size !== undefined) file.entries.until = size;
    }
    this.write('MANIFEST.json', JSON.stringify(manifest));
  }
}

export const ENTRIES = 'entries/000000000000.ndjson';
export const HASHES = 'entries/000000000000.hashes';
