import { type Folder, type ListedFile, readWhole } from './files.ts';
import { membersOf } from './members.ts';
import { Unproven } from './unproven.ts';

export const MANIFEST = 'MANIFEST.json';
export const CHECKPOINTS = 'checkpoints.ndjson';
export const KEYS = 'keys.txt';
/** Of an export that does not begin with the log's first entry: the tree of what is before it. */
export const BEFORE = 'before.hashes';

/** A part of the log: entries and the hashes that the gateway had of them. */
export interface Part {
  readonly entries: ListedFile;
  readonly hashes: ListedFile;
  readonly from: number;
  readonly until: number;
}

/** What an export says it is. Nothing in it is believed; it tells which file is not what it was. */
export interface Manifest {
  readonly origin: string;
  /** Seq of the first entry, and the number of the first checkpoint: the last that covers nothing of it, where there is one. */
  readonly from: number;
  readonly firstCheckpoint: number;
  /** Entries of the log when the export ends. */
  readonly size: number;
  readonly parts: readonly Part[];
  readonly checkpoints: ListedFile;
  /** Files without entries, read whole. */
  readonly others: readonly ListedFile[];
}

/**
 * Reads MANIFEST.json and requires that the folder has its files and no others, and that its parts follow each other.
 *
 * @throws Unproven
 */
export async function readManifest(folder: Folder): Promise<Manifest> {
  const present = new Set(await folder.paths());
  if (!present.has(MANIFEST)) {
    throw new Unproven(MANIFEST, 'it is missing: this is no export, or one that broke off');
  }
  const { origin, from, firstCheckpoint, size, files } = shapeOf(parse(await readWhole(folder, MANIFEST)));
  for (const { path } of files) if (!present.has(path)) throw new Unproven(path, 'it is missing');
  const listed = new Set([MANIFEST, ...files.map(({ path }) => path)]);
  const stranger = [...present].find((path) => !listed.has(path));
  if (stranger !== undefined)
    throw new Unproven(stranger, 'MANIFEST.json does not know it: two exports may be mixed');
  const checkpoints = files.find(({ path }) => path === CHECKPOINTS);
  if (checkpoints === undefined) throw new Unproven(MANIFEST, `it does not list ${CHECKPOINTS}`);
  if (from > 0 !== files.some(({ path }) => path === BEFORE))
    throw new Unproven(
      BEFORE,
      `it belongs to an export that begins behind entry 0, and this begins with ${from}`,
    );
  return {
    origin,
    from,
    firstCheckpoint,
    size,
    parts: partsOf(files, { from, until: size }),
    checkpoints,
    others: files.filter((file) => file.entries === undefined && file !== checkpoints),
  };
}

function partsOf(files: readonly ListedFile[], range: { from: number; until: number }): Part[] {
  const parts: Part[] = [];
  let next = range.from;
  for (const entries of files.filter(({ path }) => path.endsWith('.ndjson'))) {
    if (entries.entries === undefined) continue;
    const { from, until } = entries.entries;
    const hashes = files.find(({ path }) => path === entries.path.replace(/\.ndjson$/, '.hashes'));
    if (hashes === undefined) throw new Unproven(MANIFEST, `it lists no hashes for ${entries.path}`);
    if (from !== next || until <= from) {
      throw new Unproven(entries.path, `it begins with entry ${from}, and ${next} is next`, next);
    }
    parts.push({ entries, hashes, from, until });
    next = until;
  }
  if (next !== range.until)
    throw new Unproven(MANIFEST, `its files end before entry ${next}, and it says ${range.until}`, next);
  return parts;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Unproven(MANIFEST, 'it is not JSON');
  }
}

function shapeOf(value: unknown): Pick<Manifest, 'origin' | 'from' | 'firstCheckpoint' | 'size'> & {
  files: ListedFile[];
} {
  const { v, origin, from = 0, firstCheckpoint = 0, size, files } = membersOf(value);
  if (v !== 1) throw new Unproven(MANIFEST, 'it is of a version that this verifier does not know');
  if (typeof origin !== 'string' || !isCount(size) || !Array.isArray(files)) {
    throw new Unproven(MANIFEST, 'it lacks origin, size or files');
  }
  if (!isCount(from) || !isCount(firstCheckpoint) || from > size)
    throw new Unproven(MANIFEST, 'it does not say which entries and checkpoints it begins with');
  return { origin, from, firstCheckpoint, size, files: files.map(listedFile) };
}

function listedFile(value: unknown): ListedFile {
  const { path, bytes, sha256, entries } = membersOf(value);
  // A path out of the folder would let a manifest name any file of this machine.
  if (typeof path !== 'string' || !/^[a-z0-9]+(\/[a-z0-9]+)?\.[a-z]+$/i.test(path)) {
    throw new Unproven(MANIFEST, 'it lists a path that no export has');
  }
  if (!isCount(bytes) || typeof sha256 !== 'string')
    throw new Unproven(path, 'MANIFEST.json lacks its size or digest');
  if (entries === undefined) return { path, bytes, sha256 };
  const { from, until } = membersOf(entries);
  if (!isCount(from) || !isCount(until))
    throw new Unproven(path, 'MANIFEST.json lacks which entries it holds');
  return { path, bytes, sha256, entries: { from, until } };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
