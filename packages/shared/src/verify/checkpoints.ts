import { type Folder, type ListedFile, linesOf } from './files.ts';
import { CHECKPOINTS } from './manifest.ts';
import { membersOf } from './members.ts';
import { type TrustedKey, verifyCheckpoint } from './notes.ts';
import { Unproven } from './unproven.ts';

/** Checkpoints of one size, which all have one root. */
export interface Signed {
  readonly size: number;
  /** Base 64. */
  readonly root: string;
  readonly number: number;
  readonly firstMs: number;
  lastMs: number;
}

/** All checkpoints of an export, verified. */
export interface Checkpoints {
  readonly count: number;
  /** Number of the last. */
  readonly last: number;
  /** In order of size; the last covers the export. */
  readonly signed: readonly Signed[];
  /** The checkpoint of a number, among those of its size. */
  at(number: number): Signed | undefined;
  /** The signed note of a number, of those that were asked for. */
  note(number: number): string | undefined;
}

/**
 * Reads the checkpoints and requires: signatures, the log's name, numbers without a gap, sizes and times that never
 * fall, and one root for each size (two would be two histories).
 *
 * @throws Unproven
 */
export async function readCheckpoints(
  folder: Folder,
  listed: ListedFile,
  {
    origin,
    first,
    size,
    keys,
    wanted,
  }: {
    readonly origin: string;
    /** Number of the first: 0, unless the export begins behind entry 0. */
    readonly first: number;
    readonly size: number;
    readonly keys: readonly TrustedKey[];
    /** Numbers whose notes are kept. */
    readonly wanted: ReadonlySet<number>;
  },
): Promise<Checkpoints> {
  const signed: Signed[] = [];
  /** For each number, where in `signed` it is. */
  const places: number[] = [];
  const notes = new Map<number, string>();
  let number = first;
  for await (const line of linesOf(folder, listed)) {
    const checkpoint = await verified(line.toString('utf8'), number, keys);
    if (checkpoint.origin !== origin) {
      throw unproven(number, `it is of the log ${checkpoint.origin}, and this export is of ${origin}`);
    }
    follow(signed, checkpoint, number);
    places.push(signed.length - 1);
    if (wanted.has(number)) notes.set(number, checkpoint.note);
    number += 1;
  }
  const last = signed.at(-1);
  if (last === undefined) throw new Unproven(CHECKPOINTS, 'there is no checkpoint: nothing was signed');
  if (last.size !== size) {
    throw unproven(
      number - 1,
      `the last one covers ${last.size} entries, and the export has ${size}: entries or checkpoints were cut off`,
    );
  }
  return {
    count: places.length,
    last: number - 1,
    signed,
    at: (given) => signed[places[given - first] ?? -1],
    note: (given) => notes.get(given),
  };
}

async function verified(line: string, number: number, keys: readonly TrustedKey[]) {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw unproven(number, 'its line is not JSON');
  }
  const { number: given, note } = membersOf(parsed);
  if (given !== number)
    throw unproven(number, `its line has number ${String(given)}: one is missing or out of order`);
  if (typeof note !== 'string') throw unproven(number, 'it has no note');
  const checkpoint = await verifyCheckpoint(note, keys);
  if (typeof checkpoint === 'string') throw unproven(number, checkpoint);
  return { ...checkpoint, note };
}

function follow(
  signed: Signed[],
  { size, root, timeMs }: { readonly size: number; readonly root: string; readonly timeMs: number },
  number: number,
): void {
  const before = signed.at(-1);
  if (before !== undefined) {
    if (timeMs < before.lastMs) throw unproven(number, 'it is earlier than the one before it');
    if (size < before.size)
      throw unproven(number, `it covers ${size} entries, and the one before it ${before.size}`);
    if (size === before.size) {
      if (root === before.root) {
        before.lastMs = timeMs;
        return;
      }
      throw unproven(
        number,
        `it has another root than checkpoint ${before.number} for the same ${size} entries: the log's key has signed two histories`,
      );
    }
  }
  signed.push({ size, root, number, firstMs: timeMs, lastMs: timeMs });
}

function unproven(number: number, problem: string): Unproven {
  return new Unproven(CHECKPOINTS, `checkpoint ${number}: ${problem}`);
}
