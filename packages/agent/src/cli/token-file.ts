import { readFileSync } from 'node:fs';
import { errorText } from '@sallyport/shared/errors';

/** The token in a file. @throws Error in words. */
export function readTokenFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new Error(`the token file ${file} can't be read (${errorText(cause)})`, { cause });
  }
}
