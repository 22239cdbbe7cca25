import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of a corpus that is not ours and not in the repository: below SALLYPORT_CORPORA, or beside the
 * workspace in `shared/corpora`. Undefined where it is absent; the test that needs it then says that it is skipped.
 */
export function corpus(name: string): string | undefined {
  const root =
    process.env.SALLYPORT_CORPORA ?? fileURLToPath(new URL('../../../shared/corpora', import.meta.url));
  const folder = join(root, name);
  if (existsSync(folder)) return folder;
  console.warn(`skipped: no corpus "${name}". Set SALLYPORT_CORPORA to the folder that has it.`);
  return undefined;
}
