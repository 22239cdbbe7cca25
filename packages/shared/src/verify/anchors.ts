import type { Checkpoints } from './checkpoints.ts';
import { type Folder, type Given, type ListedFile, linesOf, readGiven, type Source } from './files.ts';
import { membersOf } from './members.ts';
import { type TrustedKey, verifyCheckpoint } from './notes.ts';
import { readTimeStamp } from './time-stamp.ts';
import { Unproven } from './unproven.ts';

export const ANCHORS = 'anchors/anchors.ndjson';

/** A checkpoint that was kept elsewhere and given to the verifier. */
export interface GivenAnchor {
  readonly file: string;
  readonly size: number;
  /** Base 64. */
  readonly root: string;
}

/** What an export says was anchored. */
export interface ListedAnchor {
  readonly anchor: string;
  readonly kind: string;
  readonly number: number;
  readonly size: number;
  readonly proof?: Buffer;
}

/** What anchors prove of an export. */
export interface AnchorsProof {
  /** Checkpoints that were given and agree. */
  readonly given: number;
  /** Entries that the largest of them covers. */
  readonly entries: number;
  readonly stamps: readonly {
    readonly by: string;
    readonly entries: number;
    readonly atMs: number;
    readonly trusted: boolean;
  }[];
  /** What they do not prove, in words. */
  readonly open: readonly string[];
}

/** What an export lists as anchored. @throws Unproven */
export async function readListed(folder: Folder, files: readonly ListedFile[]): Promise<ListedAnchor[]> {
  const file = files.find(({ path }) => path === ANCHORS);
  if (file === undefined) return [];
  const listed: ListedAnchor[] = [];
  for await (const line of linesOf(folder, file)) listed.push(readLine(line.toString('utf8')));
  return listed;
}

function readLine(line: string): ListedAnchor {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Unproven(ANCHORS, 'it holds a line that is not JSON');
  }
  const { anchor, kind, number, size, proof } = membersOf(value);
  if (
    typeof anchor !== 'string' ||
    typeof kind !== 'string' ||
    typeof number !== 'number' ||
    typeof size !== 'number'
  )
    throw new Unproven(ANCHORS, 'it holds a line that is not of an anchor');
  return {
    anchor,
    kind,
    number,
    size,
    ...(typeof proof === 'string' ? { proof: Buffer.from(proof, 'base64') } : {}),
  };
}

/**
 * Reads checkpoints that were kept elsewhere: a file, or a folder of them. Each must be signed by the log.
 *
 * @throws Unproven
 */
export async function readGivenAnchors(
  given: readonly Given[],
  origin: string,
  keys: readonly TrustedKey[],
): Promise<GivenAnchor[]> {
  const anchors: GivenAnchor[] = [];
  for (const { name, files } of given) {
    const read = await Promise.all(files.map((file) => readAnchor(file, origin, keys)));
    const found = read.filter((anchor) => anchor !== undefined);
    if (found.length === 0) throw new Unproven(name, `it holds no checkpoint of the log ${origin}`);
    anchors.push(...found);
  }
  return anchors;
}

async function readAnchor(
  file: Source,
  origin: string,
  keys: readonly TrustedKey[],
): Promise<GivenAnchor | undefined> {
  const note = lastNoteOf(await readGiven(file));
  // Other logs may be anchored in the same place.
  if (!note.startsWith(`${origin}\n`)) return undefined;
  const checkpoint = await verifyCheckpoint(note, keys);
  if (typeof checkpoint === 'string') throw new Unproven(file.name, checkpoint);
  return { file: file.name, size: checkpoint.size, root: checkpoint.root };
}

/** Of the checkpoints of another export the last: how two exports are joined. */
function lastNoteOf(text: string): string {
  if (!text.startsWith('{')) return text;
  try {
    const { note } = membersOf(JSON.parse(text.trimEnd().split('\n').at(-1) ?? ''));
    return typeof note === 'string' ? note : text;
  } catch {
    return text;
  }
}

/**
 * Holds what was kept elsewhere against the roots of the export; returns those that can be compared.
 *
 * @throws Unproven
 */
export function requireAnchored(
  anchors: readonly GivenAnchor[],
  rootAt: (size: number) => string | undefined,
  { from, entries }: { readonly from: number; readonly entries: number },
): GivenAnchor[] {
  const compared = anchors.filter(({ size }) => size >= from);
  for (const { file, size, root } of compared) {
    if (size > entries) {
      const why = `it covers ${size} entries, and the export has ${entries}: the rest was cut off, or the export is older than this anchor`;
      throw new Unproven(file, why, entries);
    }
    if (rootAt(size) !== root) {
      const why = `it has another root for the first ${size} entries: what is up to entry ${size - 1} was rewritten after it was anchored`;
      throw new Unproven(file, why, size - 1);
    }
  }
  return compared;
}

/** Verifies the time stamps of an export against its checkpoints. @throws Unproven */
export async function proveAnchors(
  listed: readonly ListedAnchor[],
  { given, compared }: { readonly given: readonly GivenAnchor[]; readonly compared: readonly GivenAnchor[] },
  checkpoints: Checkpoints,
  authorities: readonly string[],
): Promise<AnchorsProof> {
  const stamps = new Map<string, AnchorsProof['stamps'][number]>();
  for (const { anchor, kind, number, size, proof } of listed) {
    if (checkpoints.at(number)?.size !== size)
      throw new Unproven(
        ANCHORS,
        `checkpoint ${number}, anchored at ${anchor}, is not one of ${size} entries`,
      );
    if (kind !== 'timestamp') continue;
    const stamp = await readTimeStamp(proof ?? Buffer.alloc(0), checkpoints.note(number) ?? '', authorities);
    if (typeof stamp === 'string')
      throw new Unproven(ANCHORS, `the time stamp of checkpoint ${number} by ${anchor}: ${stamp}`);
    stamps.set(anchor, { by: stamp.by, entries: size, atMs: stamp.atMs, trusted: stamp.trusted });
  }
  const open: string[] = [];
  const elsewhere = new Set(listed.filter(({ kind }) => kind !== 'timestamp').map(({ anchor }) => anchor));
  if (given.length === 0 && elsewhere.size > 0)
    open.push(
      `that the log is the one anchored at ${[...elsewhere].join(', ')}: give what lies there with --anchor`,
    );
  if (listed.length === 0 && given.length === 0) open.push('anything by anchors: the export names none');
  if ([...stamps.values()].some(({ trusted }) => !trusted))
    open.push('that the time stamping authorities are real: give their certificates with --tsa-ca');
  const earlier = given.filter((anchor) => !compared.includes(anchor)).map(({ file }) => file);
  if (earlier.length > 0)
    open.push(`anything by ${earlier.join(', ')}: this export begins later than what it covers`);
  const entries = compared.reduce((most, { size }) => Math.max(most, size), 0);
  return { given: compared.length, entries, stamps: [...stamps.values()], open };
}

/** Certificates in a PEM file. */
export async function readAuthorities(file: Source): Promise<string[]> {
  const text = await readGiven(file);
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw new Unproven(file.name, 'it holds no certificate (PEM)');
  return found;
}
