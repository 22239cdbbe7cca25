import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditError } from '../errors.ts';
import type { StoredCheckpoint } from '../types.ts';
import type { Anchor, Anchored } from './types.ts';

/** A folder that keeps what is put there: a WORM share, or a disk that others than the gateway's people hold. */
export class FolderAnchor implements Anchor {
  readonly kind = 'folder';
  readonly name: string;
  readonly #folder: string;

  constructor(name: string, folder: string) {
    this.name = name;
    this.#folder = folder;
  }

  async put({ note }: StoredCheckpoint, name: string): Promise<Anchored> {
    const location = join(this.#folder, name);
    let file: FileHandle;
    try {
      // Never over what is there: an anchor that can be overwritten is none.
      file = await open(location, 'wx', 0o444);
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
      if ((await readFile(location, 'utf8')) === note) return { location };
      throw new AuditError(
        'anchor_differs',
        `${location} holds another checkpoint than the one to be anchored.`,
      );
    }
    try {
      await file.writeFile(note);
      await file.sync();
    } finally {
      await file.close();
    }
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return { location };
  }
}
