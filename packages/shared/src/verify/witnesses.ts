import type { Checkpoints } from './checkpoints.ts';
import { type Folder, type ListedFile, linesOf } from './files.ts';
import { COSIGNED_AGE_MAX_MS } from './limits.ts';
import { membersOf } from './members.ts';
import {
  cosignedAtMs,
  readKey,
  type TrustedKey,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from './notes.ts';
import { Unproven } from './unproven.ts';
import { agentsSuffice, isMet, type Policy } from './witness-policy.ts';

export const WITNESS_KEYS = 'witnesses/keys.ndjson';
export const COSIGNATURES = 'witnesses/cosignatures.ndjson';
export const CONFLICTS = 'witnesses/conflicts.ndjson';

/** One who has countersigned, and how far. */
export interface WitnessProof {
  readonly name: string;
  readonly kind: string;
  readonly key: string;
  /** Checkpoints it has countersigned. */
  cosigned: number;
  /** The last of them, and entries that it covers. */
  number: number;
  size: number;
  /** When it countersigned it, by its own clock. */
  atMs: number;
}

/** What witnesses prove of an export. */
export interface WitnessesProof {
  readonly witnesses: readonly WitnessProof[];
  /** Entries that the quorum of the given policy covers. */
  readonly quorum?: { readonly name: string; readonly entries: number; readonly checkpoint: number };
  /** What they do not prove, in words. */
  readonly open: readonly string[];
}

interface Given {
  readonly origin: string;
  readonly checkpoints: Checkpoints;
  readonly logKeys: readonly TrustedKey[];
  readonly policy: Policy | undefined;
}

/**
 * Verifies every cosignature of an export, the evidence in it, and the quorum of a policy where one is given.
 *
 * @throws Unproven
 */
export async function readWitnesses(
  folder: Folder,
  files: readonly ListedFile[],
  given: Given,
): Promise<WitnessesProof> {
  const listed = (path: string): ListedFile | undefined => files.find((file) => file.path === path);
  const keys = await readKeys(folder, listed(WITNESS_KEYS), given.policy);
  await takeCosignatures(folder, listed(COSIGNATURES), keys, given);
  const refusals = await readConflicts(folder, listed(CONFLICTS), given);
  const witnesses = [...keys.values()].map(({ proof }) => proof).filter(({ cosigned }) => cosigned > 0);
  const quorum = given.policy === undefined ? undefined : covered(witnesses, given.policy, given.checkpoints);
  return {
    witnesses,
    ...(quorum === undefined ? {} : { quorum }),
    open: [...refusals, ...whatIsOpen(witnesses, given.policy)],
  };
}

type Keys = Map<string, { readonly key: TrustedKey; readonly proof: WitnessProof }>;

async function readKeys(
  folder: Folder,
  file: ListedFile | undefined,
  policy: Policy | undefined,
): Promise<Keys> {
  const keys: Keys = new Map();
  const add = (text: string, name: string, kind: string): boolean => {
    const key = readKey(text);
    if (key?.timed !== true) return false;
    const proof = { name, kind, key: text, cosigned: 0, number: -1, size: 0, atMs: 0 };
    keys.set(text, { key, proof });
    return true;
  };
  for await (const { number, value } of jsonLines(folder, file)) {
    const { key, witness, kind } = membersOf(value);
    if (typeof key !== 'string' || typeof witness !== 'string' || !add(key, witness, String(kind)))
      throw new Unproven(WITNESS_KEYS, `line ${number + 1} is no key of a witness`);
  }
  // What the verifier was given from elsewhere goes before what the export says of a key.
  for (const [name, key] of policy?.witnesses ?? []) add(key, name, 'witness');
  return keys;
}

async function takeCosignatures(
  folder: Folder,
  file: ListedFile | undefined,
  keys: Keys,
  { origin, checkpoints }: Given,
): Promise<void> {
  for await (const { number: at, value } of jsonLines(folder, file)) {
    const { number, key: text, line } = membersOf(value);
    const place = `line ${at + 1}`;
    const checkpoint = typeof number === 'number' ? checkpoints.at(number) : undefined;
    if (typeof number !== 'number' || typeof line !== 'string' || checkpoint === undefined)
      throw new Unproven(COSIGNATURES, `${place} is of no checkpoint in this export`);
    const known = typeof text === 'string' ? keys.get(text) : undefined;
    if (known === undefined)
      throw new Unproven(COSIGNATURES, `${place} is by a key that ${WITNESS_KEYS} has not`);
    const { key, proof } = known;
    const atMs = await cosignedAtMs(`${origin}\n${checkpoint.size}\n${checkpoint.root}\n`, line, key);
    if (atMs === undefined) {
      throw new Unproven(
        COSIGNATURES,
        `checkpoint ${number}: the cosignature of ${proof.name} is not over its ${checkpoint.size} entries with root ${checkpoint.root}: the witness has seen another history`,
        checkpoint.size === 0 ? undefined : checkpoint.size - 1,
      );
    }
    proof.cosigned += 1;
    if (number > proof.number) Object.assign(proof, { number, size: checkpoint.size, atMs });
  }
}

/** The newest checkpoint that enough of them cover. @throws Unproven where none is new enough. */
function covered(
  witnesses: readonly WitnessProof[],
  policy: Policy,
  checkpoints: Checkpoints,
): WitnessesProof['quorum'] {
  const agents = new Set(witnesses.filter(({ kind }) => kind === 'agent').map(({ key }) => key));
  const { last } = checkpoints;
  const met = [last, ...witnesses.map(({ number }) => number)]
    .sort((a, b) => b - a)
    .find((number) => {
      const covering = witnesses.filter((witness) => witness.number >= number).map(({ key }) => key);
      return isMet(policy, new Set(covering), agents);
    });
  if (met === undefined) {
    throw new Unproven(
      '--policy',
      `the quorum "${policy.quorum}" has countersigned no checkpoint of this export`,
      0,
    );
  }
  const newest = checkpoints.at(last);
  const reached = checkpoints.at(met);
  if (newest === undefined || reached === undefined) throw new Error('a checkpoint was read a moment ago');
  if (newest.lastMs - reached.lastMs > COSIGNED_AGE_MAX_MS && newest.size > reached.size) {
    const since = new Date(reached.lastMs).toISOString();
    throw new Unproven(
      '--policy',
      `from here on nothing is countersigned by the quorum "${policy.quorum}": its last is checkpoint ${met}, signed ${since}`,
      reached.size,
    );
  }
  return { name: policy.quorum, entries: reached.size, checkpoint: met };
}

/** Two checkpoints by the log's key that contradict each other prove two histories; other refusals are told. */
async function readConflicts(
  folder: Folder,
  file: ListedFile | undefined,
  { logKeys, checkpoints }: Given,
): Promise<string[]> {
  const told: string[] = [];
  for await (const { number, value } of jsonLines(folder, file)) {
    const { witness, status, heldSize, shown, held, at } = membersOf(value);
    const notes: VerifiedCheckpoint[] = [];
    for (const note of [shown, held]) {
      const checkpoint = typeof note === 'string' ? await verifyCheckpoint(note, logKeys) : undefined;
      if (checkpoint !== undefined && typeof checkpoint !== 'string') notes.push(checkpoint);
    }
    for (const note of notes) {
      const other = [...notes, ...checkpoints.signed].find(
        ({ size, root }) => size === note.size && root !== note.root,
      );
      if (other === undefined) continue;
      throw new Unproven(
        CONFLICTS,
        `line ${number + 1}: the log's key has signed two histories: ${note.size} entries with root ${note.root}, and with root ${other.root}; ${String(witness)} holds the other one`,
        note.size === 0 ? undefined : note.size - 1,
      );
    }
    told.push(
      `${String(witness)} refused the log at ${String(at)} (${String(status)}, it holds ${String(heldSize ?? 'unknown')} entries): see ${CONFLICTS}`,
    );
  }
  return told;
}

function whatIsOpen(witnesses: readonly WitnessProof[], policy: Policy | undefined): string[] {
  const open: string[] = [];
  if (policy === undefined)
    open.push('whether enough witnesses have countersigned: no --policy was given to say who has to');
  if (witnesses.length === 0) {
    open.push('that there is only one history: nobody has countersigned');
  } else if (
    witnesses.every(({ kind }) => kind === 'agent') ||
    (policy !== undefined && agentsSuffice(policy))
  ) {
    open.push(
      'that there is only one history: no independent witness, agents alone, which the gateway enrols itself',
    );
  }
  if (witnesses.some(({ kind }) => kind === 'agent'))
    open.push(
      'whose the keys of agents are: they come from the export itself; name them in the policy to be sure',
    );
  return open;
}

async function* jsonLines(
  folder: Folder,
  file: ListedFile | undefined,
): AsyncGenerator<{ readonly number: number; readonly value: unknown }> {
  if (file === undefined) return;
  let number = 0;
  for await (const line of linesOf(folder, file)) {
    let value: unknown;
    try {
      value = JSON.parse(line.toString('utf8'));
    } catch {
      throw new Unproven(file.path, `line ${number + 1} is not JSON`);
    }
    yield { number, value };
    number += 1;
  }
}
