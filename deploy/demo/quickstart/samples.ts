import { access, cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const DOCUMENTS = fileURLToPath(new URL('../documents', import.meta.url));

/** Copies the sample documents for the filesystem server, once: afterwards the folder is the person's. */
export async function ensureSamples(folder: string): Promise<void> {
  const present = await access(folder).then(
    () => true,
    () => false,
  );
  if (!present) await cp(DOCUMENTS, folder, { recursive: true });
}
