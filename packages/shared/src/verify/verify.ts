import { hash } from 'node:crypto';
import {
  ANCHORS,
  type AnchorsProof,
  proveAnchors,
  readGivenAnchors,
  readListed,
  requireAnchored,
} from './anchors.ts';
import { BODIES, type KeptProof, readKept, SEALED } from './bodies.ts';
import { readCheckpoints } from './checkpoints.ts';
import { Entries } from './entries.ts';
import { type Folder, type Given, type ListedFile, linesOf, readWhole, requireListed } from './files.ts';
import { BEFORE, KEYS, type Manifest, type Part, readManifest } from './manifest.ts';
import { readKey, type TrustedKey } from './notes.ts';
import { RECEIPTS, type ReceiptsProof, readReceipts } from './receipts.ts';
import { Tree } from './tree.ts';
import { Unproven } from './unproven.ts';
import { readPolicy } from './witness-policy.ts';
import { COSIGNATURES, readWitnesses, type WitnessesProof } from './witnesses.ts';

/** What was proven of an export. */
export interface Proven {
  readonly origin: string;
  /** Seq of the first entry. */
  readonly from: number;
  readonly entries: number;
  readonly first?: string;
  readonly last?: string;
  /** Base 64, as in the last checkpoint. */
  readonly root: string;
  readonly checkpoints: number;
  /** Milliseconds since 1970. */
  readonly signedAtMs: number;
  readonly keys: readonly string[];
  /** Whether the keys were given, rather than taken from the export. */
  readonly keysGiven: boolean;
  readonly witnesses: WitnessesProof;
  readonly receipts: ReceiptsProof;
  readonly anchors: AnchorsProof;
  readonly kept: KeptProof;
  readonly calls: {
    readonly intents: number;
    readonly outcomes: number;
    readonly indeterminate: number;
    /** Ended here; their intents are before the export. */
    readonly begunBefore: number;
    /** Let through under an approval, each preceded by it, spent once, with the same digest. */
    readonly approved: number;
    /** Let through under an approval that was asked for before the export. */
    readonly askedBefore: number;
    /** Seqs of intents whose calls were under way when the export was made. */
    readonly open: readonly number[];
  };
}

/** What is given beside the export. */
export interface VerifyOptions {
  /** Text of a witness policy: who must have countersigned. */
  readonly policy?: string;
  /** Files and folders of checkpoints that were kept elsewhere. */
  readonly anchors?: readonly Given[];
  /** Certificates (PEM) of time stamping authorities that are believed. */
  readonly authorities?: readonly string[];
}

/**
 * Verifies an export, from its files alone.
 *
 * @param keys verifier keys of the log, from somewhere else; without any, those in the export are taken.
 * @throws Unproven at the first thing that is not proven.
 */
export async function verifyExport(
  folder: Folder,
  keys: readonly string[],
  { policy, anchors = [], authorities = [] }: VerifyOptions = {},
): Promise<Proven> {
  const manifest = await readManifest(folder);
  // Cosignatures and receipts may be many: they are read line by line.
  const long = [COSIGNATURES, RECEIPTS, ANCHORS, BODIES, SEALED];
  for (const file of manifest.others) if (!long.includes(file.path)) await requireWhole(folder, file);
  const trusted = await keysFor(folder, keys);
  const { origin, from, size } = manifest;
  const listed = await readListed(folder, manifest.others);
  const wanted = new Set(listed.flatMap(({ kind, number }) => (kind === 'timestamp' ? [number] : [])));
  const given = await readGivenAnchors(anchors, origin, trusted);
  const checkpoints = await readCheckpoints(folder, manifest.checkpoints, {
    origin,
    first: manifest.firstCheckpoint,
    size,
    keys: trusted,
    wanted,
  });
  const witnesses = await readWitnesses(folder, manifest.others, {
    origin,
    checkpoints,
    logKeys: trusted,
    policy: policy === undefined ? undefined : readPolicy(policy),
  });
  const sizes = given.map((anchor) => anchor.size);
  const before = { from, tree: await treeBefore(folder, manifest) };
  const entries = new Entries(origin, before, checkpoints.signed, sizes);
  entries.keepNamed = manifest.others.some(({ path }) => path === BODIES);
  for (const part of manifest.parts) await takePart(folder, part, entries);
  const { calls, approvals, count, firstTs, lastTs } = entries;
  const compared = requireAnchored(given, (at) => entries.rootAt(at), { from, entries: entries.size });
  const kept = await readKept(folder, manifest.others, entries.named);
  const anchored = await proveAnchors(listed, { given, compared }, checkpoints, authorities);
  const receipts = await readReceipts(folder, manifest.others, entries.receipts, calls);
  return {
    origin,
    from,
    entries: count,
    ...(firstTs === undefined ? {} : { first: firstTs, last: lastTs }),
    root: entries.root(),
    checkpoints: checkpoints.count,
    signedAtMs: checkpoints.signed.at(-1)?.lastMs ?? 0,
    keys: trusted.map(({ text }) => text),
    keysGiven: keys.length > 0,
    witnesses,
    receipts,
    anchors: anchored,
    kept,
    calls: {
      intents: calls.intents,
      outcomes: calls.outcomes,
      indeterminate: calls.indeterminate,
      begunBefore: calls.begunBefore,
      approved: approvals.approved,
      askedBefore: approvals.askedBefore,
      open: calls.open,
    },
  };
}

/** The tree of what is before the export. Checkpoints prove it together with the entries that follow. */
async function treeBefore(folder: Folder, { from }: Manifest): Promise<Tree> {
  if (from === 0) return new Tree();
  const lines = (await readWhole(folder, BEFORE)).toString('latin1').split('\n');
  if (lines.pop() !== '' || !lines.every((line) => /^[0-9a-f]{64}$/.test(line)))
    throw new Unproven(BEFORE, 'it holds a line that is not a hash');
  try {
    return new Tree(
      from,
      lines.map((line) => Buffer.from(line, 'hex')),
    );
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Unproven(BEFORE, error.message);
  }
}

/** Entries and their recorded hashes, line by line beside each other. */
async function takePart(folder: Folder, part: Part, entries: Entries): Promise<void> {
  const recorded = linesOf(folder, part.hashes);
  try {
    await takeLines(folder, part, entries, recorded);
  } finally {
    await recorded.return(undefined);
  }
}

async function takeLines(
  folder: Folder,
  { entries: listed, hashes, from, until }: Part,
  entries: Entries,
  recorded: AsyncGenerator<Buffer>,
): Promise<void> {
  let seq = from;
  for await (const leaf of linesOf(folder, listed)) {
    if (seq === until)
      throw new Unproven(listed.path, `it should end with entry ${until - 1}: there is one more`, seq);
    const { value } = await recorded.next();
    if (value === undefined) throw new Unproven(hashes.path, 'its hash is missing', seq);
    entries.take(listed.path, leaf, value.toString('latin1'));
    seq += 1;
  }
  if (seq < until) throw new Unproven(listed.path, `it is missing, with all up to ${until - 1}`, seq);
  if (!(await recorded.next()).done)
    throw new Unproven(hashes.path, 'it has more hashes than there are entries', seq);
}

async function keysFor(folder: Folder, given: readonly string[]): Promise<TrustedKey[]> {
  const texts =
    given.length > 0
      ? given
      : (await readWhole(folder, KEYS))
          .toString('utf8')
          .split('\n')
          .filter((line) => line !== '');
  if (texts.length === 0) throw new Unproven(KEYS, 'it holds no key');
  return texts.map((text) => {
    const key = readKey(text);
    if (key === undefined)
      throw new Unproven(given.length > 0 ? '--key' : KEYS, `"${text.slice(0, 100)}" is not a verifier key`);
    return key;
  });
}

async function requireWhole(folder: Folder, listed: ListedFile): Promise<void> {
  const bytes = await readWhole(folder, listed.path);
  requireListed(listed, bytes.length, hash('sha256', bytes, 'hex'));
}
