import { readObject, writePrivately } from './files.ts';

/**
 * The quick start's own notes in the data folder: what it wrote and applied last, by which it tells a person's edit
 * (kept) from its own earlier default (brought up to date).
 */
export interface Notes {
  /** Port of the demo bank over HTTP. */
  bankPort?: number;
  /** `<kind>/<name>` of each applied document, with the digest it had in the gateway then. */
  documents: Record<string, string>;
  /** What agent.yaml was given, `<path in it>` to the value as JSON. */
  agentConfig: Record<string, string>;
}

export async function readNotes(path: string): Promise<Notes> {
  const found = await readObject(path);
  return {
    ...(typeof found?.bankPort === 'number' ? { bankPort: found.bankPort } : {}),
    documents: texts(found?.documents),
    agentConfig: texts(found?.agentConfig),
  };
}

export async function writeNotes(path: string, notes: Notes): Promise<void> {
  await writePrivately(path, `${JSON.stringify(notes, null, 2)}\n`);
}

function texts(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
