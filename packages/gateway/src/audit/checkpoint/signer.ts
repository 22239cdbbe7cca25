import {
  checkpointText,
  provesConsistency,
  signNote,
  type VerifierKey,
  verifierKeyText,
} from '@sallyport/shared/merkle';
import type { Store } from '../../store/index.ts';
import { AuditError } from '../errors.ts';
import type { OwnRecord } from './own-record.ts';
import { readSigned, type SignedCheckpoint } from './signed.ts';
import type { SigningKeys } from './signing-keys.ts';
import { keepCheckpoint, newestCheckpoint } from './table.ts';

/** The log as it is said to be. */
export interface Head {
  readonly size: number;
  readonly root: Buffer;
}

/** Proves that the log of `size` entries begins with the one of `earlier` (RFC 6962 §2.1.2). */
export type Prove = (earlier: number, size: number) => Promise<readonly Buffer[]>;

/** What makes checkpoints: in this process, or in one of its own. */
export interface LogSigner {
  /** The last that was signed. */
  readonly last: SignedCheckpoint | undefined;
  /** The public halves, as verifiers are given them (C2SP signed-note). */
  readonly keyTexts: readonly string[];
  /**
   * Signs the log's head with the time, which never goes back. What is returned is in the signer's own record first.
   *
   * @param nowMs milliseconds since 1970.
   * @throws AuditError `signer_refused`, and what the proof, the record or the way to the signer throws.
   */
  sign(head: Head, nowMs: number, prove: Prove): Promise<SignedCheckpoint>;
}

/**
 * Signs what extends everything it has signed before, and nothing else. It believes its own record and the proof it
 * is given, not the log: a log that was cut, or rewritten below what was signed, gets no signature.
 */
export class Signer implements LogSigner {
  readonly #keys: SigningKeys;
  readonly #record: OwnRecord;
  #last: SignedCheckpoint | undefined;

  private constructor(keys: SigningKeys, record: OwnRecord, last: SignedCheckpoint | undefined) {
    this.#keys = keys;
    this.#record = record;
    this.#last = last;
  }

  /**
   * Takes up its record. The database's newest checkpoint counts beside the file's, the further one being its last:
   * either alone may have been put back to an earlier state, and a machine that is new has no file.
   *
   * @throws AuditError `signer_state` when either is not by this key.
   */
  static async open(store: Store, slot: number, keys: SigningKeys, record: OwnRecord): Promise<Signer> {
    const note = await record.read();
    const own = note === undefined ? undefined : readSigned(note, keys, record.file);
    const kept = await newestCheckpoint(store, slot);
    const known = kept === undefined ? undefined : readSigned(kept.note, keys, 'the database');
    if (own === undefined || (known !== undefined && isFurther(known, own)))
      return new Signer(keys, record, known);
    // A crash between the signer's record and the database's leaves one that nobody has seen: it is kept now.
    if (own.note !== known?.note) await keepCheckpoint(store, slot, own);
    return new Signer(keys, record, own);
  }

  /** A signer that has nothing but its own record. @throws AuditError `signer_state`. */
  static async alone(keys: SigningKeys, record: OwnRecord): Promise<Signer> {
    const note = await record.read();
    return new Signer(keys, record, note === undefined ? undefined : readSigned(note, keys, record.file));
  }

  /** Takes up a checkpoint of its own that it does not remember: its record was lost. @throws AuditError `signer_state`. */
  async remember(note: string): Promise<void> {
    const known = readSigned(note, this.#keys, 'the database');
    if (this.#last !== undefined && !isFurther(known, this.#last)) return;
    await this.#record.write(note);
    this.#last = known;
  }

  get last(): SignedCheckpoint | undefined {
    return this.#last;
  }

  get keyTexts(): string[] {
    return [this.#keys.note, this.#keys.time].map((key: VerifierKey) => verifierKeyText(key));
  }

  async sign(head: Head, nowMs: number, prove: Prove): Promise<SignedCheckpoint> {
    await this.#requireExtension(head, prove);
    const timeSeconds = Math.max(Math.floor(nowMs / 1_000), this.#last?.timeSeconds ?? 0);
    const text = checkpointText({ origin: this.#keys.note.name, ...head });
    const note = signNote(text, [this.#keys.note, this.#keys.time], timeSeconds);
    await this.#record.write(note);
    this.#last = { ...head, timeSeconds, note };
    return this.#last;
  }

  async #requireExtension({ size, root }: Head, prove: Prove): Promise<void> {
    const last = this.#last;
    if (last === undefined || last.size === 0) return;
    if (size < last.size) throw refused(`it has ${size} entries, and ${last.size} were signed`);
    if (size === last.size) {
      if (!last.root.equals(root)) throw refused(`its ${size} entries are not those that were signed`);
      return;
    }
    const proof = await prove(last.size, size);
    const claim = { size1: last.size, root1: last.root, size2: size, root2: root, proof };
    if (!provesConsistency(claim))
      throw refused(`its first ${last.size} entries are not those that were signed`);
  }
}

/** Whether one was signed after the other. */
export function isFurther(a: SignedCheckpoint, b: SignedCheckpoint): boolean {
  return a.size === b.size ? a.timeSeconds >= b.timeSeconds : a.size > b.size;
}

/** The refusal to sign, in the words that people read. */
export function refused(why: string): AuditError {
  return new AuditError(
    'signer_refused',
    `The audit log does not extend what its signer has signed: ${why}. It may have been changed or restored from a backup.`,
  );
}
