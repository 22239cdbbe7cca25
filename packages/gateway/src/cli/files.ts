import { readFile } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { errorText } from '@sallyport/shared/errors';
import { startFolders } from '../config/client.ts';
import { CliError } from './api-client.ts';

/**
 * Reads a file of a command line; `-` is the standard input. A relative path is taken from the current folder, else
 * from the one where `pnpm gateway …` was called.
 *
 * @throws CliError
 */
export async function readInput(path: string): Promise<string> {
  if (path === '-') return await text(process.stdin);
  const candidates = isAbsolute(path) ? [path] : startFolders().map((folder) => resolve(folder, path));
  let failure: unknown;
  for (const candidate of candidates) {
    try {
      return await readFile(candidate, 'utf8');
    } catch (cause) {
      failure ??= cause;
    }
  }
  throw new CliError(`cannot read ${path}: ${errorText(failure)}`, { cause: failure });
}
