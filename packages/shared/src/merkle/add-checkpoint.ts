import { NoteError } from './errors.ts';
import { HASH_BYTES } from './hash.ts';

/** C2SP tlog-witness: a proof has at most 63 hashes, one for each level of a tree of 2^63. */
const PROOF_MAX_HASHES = 63;

/** A request to countersign a checkpoint (C2SP tlog-witness, add-checkpoint). */
export interface AddCheckpoint {
  /** Size of the checkpoint that the witness is thought to hold; 0 where it holds none. */
  readonly oldSize: number;
  /** That the log begins with those entries; empty from 0 and for the same size. */
  readonly proof: readonly Uint8Array[];
  /** The log's signed checkpoint. */
  readonly note: string;
}

/** The request's body: the old size, the proof's lines, a blank line, the note. */
export function addCheckpointText({ oldSize, proof, note }: AddCheckpoint): string {
  const hashes = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');
  return `old ${oldSize}\n${hashes}\n${note}`;
}

/** @throws NoteError `malformed`; the note is not looked at. */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  const end = body.indexOf('\n\n');
  const [first = '', ...lines] = body.slice(0, Math.max(0, end)).split('\n');
  const [, digits] = /^old (0|[1-9]\d{0,15})$/.exec(first) ?? [];
  const oldSize = Number(digits);
  if (digits === undefined || !Number.isSafeInteger(oldSize)) {
    throw new NoteError('malformed', 'the request does not begin with the old size');
  }
  if (lines.length > PROOF_MAX_HASHES) throw new NoteError('malformed', 'the proof has too many hashes');
  const proof = lines.map((line) => Buffer.from(line, 'base64'));
  if (proof.some((hash, index) => hash.length !== HASH_BYTES || hash.toString('base64') !== lines[index])) {
    throw new NoteError('malformed', 'the proof has a line that is no hash');
  }
  return { oldSize, proof, note: body.slice(end + 2) };
}
