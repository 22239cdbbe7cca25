import { hash } from 'node:crypto';
import { type Folder, type ListedFile, linesOf } from './files.ts';
import { membersOf } from './members.ts';
import { Unproven } from './unproven.ts';

export const BODIES = 'bodies/bodies.ndjson';
export const SEALED = 'sealed/originals.ndjson';

/** What an export holds beside the entries. */
export interface KeptProof {
  /** Masked bodies, each of which is the one that its digest names. */
  readonly bodies: number;
  /** Sealed originals; nothing can be said of them without the master key. */
  readonly sealed: number;
}

/** Requires that each body is what its digest says, and that an entry names it. @throws Unproven */
export async function readKept(
  folder: Folder,
  files: readonly ListedFile[],
  named: ReadonlySet<string>,
): Promise<KeptProof> {
  const listed = (path: string): ListedFile | undefined => files.find((file) => file.path === path);
  let bodies = 0;
  const bodyFile = listed(BODIES);
  if (bodyFile !== undefined) {
    for await (const line of linesOf(folder, bodyFile)) {
      const { digest, body } = lineOf(BODIES, line);
      if (typeof digest !== 'string' || typeof body !== 'string')
        throw new Unproven(BODIES, 'it holds a line that is not of a body');
      if (hash('sha256', Buffer.from(body, 'base64'), 'hex') !== digest)
        throw new Unproven(
          BODIES,
          `the body ${digest} is not the one that was recorded: its digest is another`,
        );
      if (!named.has(digest)) throw new Unproven(BODIES, `no entry names the body ${digest}`);
      bodies += 1;
    }
  }
  let sealed = 0;
  const sealedFile = listed(SEALED);
  if (sealedFile !== undefined) {
    for await (const line of linesOf(folder, sealedFile)) {
      const { seq } = lineOf(SEALED, line);
      if (typeof seq !== 'number') throw new Unproven(SEALED, 'it holds a line that is not of an original');
      sealed += 1;
    }
  }
  return { bodies, sealed };
}

function lineOf(file: string, line: Buffer): Readonly<Record<string, unknown>> {
  try {
    return membersOf(JSON.parse(line.toString('utf8')));
  } catch {
    throw new Unproven(file, 'it holds a line that is not JSON');
  }
}
