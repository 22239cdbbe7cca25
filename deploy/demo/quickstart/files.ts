import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { StartError, wordsOf } from './errors.ts';

/** Replaces a file in one step: readers see the old text or the new one. Readable by the owner alone. */
export async function writePrivately(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}.unfinished`;
  try {
    const file = await open(unfinished, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw new StartError('data_folder', `${path} can't be written: ${wordsOf(cause)}`, { cause });
  }
}

/** The file's text, undefined when there is none. @throws StartError `data_folder` when it can't be read. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new StartError('data_folder', `${path} can't be read: ${wordsOf(cause)}`, { cause });
  }
}

/** The JSON object in a file; undefined when there is none or it holds no JSON object (it is made anew then). */
export async function readObject(path: string): Promise<Record<string, unknown> | undefined> {
  const text = await readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    // An object that is not an array has string keys.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
