import { open, rename, rm } from 'node:fs/promises';
import { cefLine, type Leaf, ocsfEvent } from '@sallyport/shared/audit-events';
import { CliError } from '../api-client.ts';

export type Pages = AsyncIterable<readonly { readonly leaf: string; readonly leafHash: string }[]>;

/**
 * Writes entries as events into a file, a line each. The file has its name only when it is whole and durable.
 *
 * @returns how many there are.
 * @throws CliError when the file is there already.
 */
export async function writeEvents(file: string, format: 'ocsf' | 'cef', begin: () => Pages): Promise<number> {
  const unfinished = `${file}.unfinished`;
  await refuseExisting(file);
  // What an export that broke off has left is written over.
  const handle = await open(unfinished, 'w', 0o600);
  let events = 0;
  try {
    for await (const page of begin()) {
      const lines = page.map(({ leaf, leafHash }) => {
        const entry = JSON.parse(leaf) as Leaf; // the log's own canonical JSON of an entry
        return format === 'cef' ? cefLine(entry, leafHash) : JSON.stringify(ocsfEvent(entry, leafHash));
      });
      await handle.writeFile(lines.map((line) => `${line}\n`).join(''));
      events += page.length;
    }
    await handle.sync();
  } catch (thrown) {
    await handle.close();
    await rm(unfinished, { force: true });
    throw thrown;
  }
  await handle.close();
  await rename(unfinished, file);
  return events;
}

/** @throws CliError when there is such a file: nothing is written over. */
export async function refuseExisting(file: string): Promise<void> {
  const there = await open(file).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (there === undefined) return;
  await there.close();
  throw new CliError(`${file} is there already. Give another --out.`);
}
