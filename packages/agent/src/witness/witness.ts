import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import {
  type AddCheckpoint,
  type Checkpoint,
  NoteError,
  type ParsedNote,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  provesConsistency,
  SIGNATURE_TYPE,
  type SigningKey,
  signatureLine,
  type VerifierKey,
  verifierKeyText,
  verifyNote,
} from '@sallyport/shared/merkle';
import type { Logger } from '../telemetry/index.ts';
import type { WitnessState } from './state.ts';
import type { HeldLog, WitnessAnswer } from './types.ts';

export interface WitnessOptions {
  readonly state: WitnessState;
  /** The name in its cosignatures. */
  readonly name: string;
  /** Logs that are believed from the start: their verifier keys. Then no other log is countersigned. */
  readonly logs?: readonly VerifierKey[];
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * A witness (C2SP tlog-witness): countersigns that a log only grows. It believes its own record and the proof it is
 * given; what it has countersigned is durable **before** it says so, so a crash in between can never make it
 * countersign two histories.
 */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #key: SigningKey;
  /** Requests are judged one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: WitnessOptions, key: SigningKey) {
    this.#options = options;
    this.#key = key;
  }

  /** @throws WitnessError `state_unusable`. */
  static async open(options: WitnessOptions): Promise<Witness> {
    return new Witness(options, await options.state.key(options.name));
  }

  /** Its public key, as verifiers are given it (C2SP signed-note). */
  get keyText(): string {
    return verifierKeyText(this.#key);
  }

  /**
   * Judges one request and countersigns it or says why not. No other request comes in between reading what is held
   * and keeping what is countersigned.
   *
   * @param offered verifier keys of the log, believed only on first sight and only where no logs are configured.
   */
  add(request: string, offered: readonly string[] = []): Promise<WitnessAnswer> {
    const answer = this.#turn.then(() => this.#add(request, offered));
    this.#turn = answer;
    return answer;
  }

  /** Never rejects. */
  async #add(request: string, offered: readonly string[]): Promise<WitnessAnswer> {
    try {
      const asked = parseAddCheckpoint(request);
      const note = parseNote(asked.note);
      return await this.#judge(asked, note, parseCheckpoint(note.text), offered);
    } catch (error) {
      if (error instanceof NoteError) return { status: 400, body: error.message };
      this.#options.log.error('a checkpoint was not countersigned', { problem: errorText(error) });
      return { status: 500, body: errorText(error) };
    }
  }

  async #judge(
    asked: AddCheckpoint,
    note: ParsedNote,
    shown: Checkpoint,
    offered: readonly string[],
  ): Promise<WitnessAnswer> {
    const held = await this.#options.state.held(shown.origin);
    const keys = this.#keysOf(shown.origin, held, offered);
    if (keys.length === 0) return { status: 404, body: `the log ${shown.origin} is not known here` };
    const unsigned = notSignedBy(note, keys);
    if (unsigned !== undefined) return this.#refuse(403, unsigned, held, shown);
    if (asked.oldSize > shown.size) return { status: 400, body: 'the old size is beyond the checkpoint' };
    if (asked.oldSize !== (held?.size ?? 0)) {
      // A log that fell behind what was countersigned can't be made good by another old size.
      if (held !== undefined && shown.size < held.size)
        this.#tell('the log is smaller than what was countersigned', held, shown);
      return conflict(held);
    }
    if (held !== undefined && held.size === shown.size && held.root !== shown.root.toString('hex')) {
      this.#tell('the log has another root for the size that was countersigned', held, shown);
      return conflict(held);
    }
    if (!extendsHeld(held, shown, asked.proof)) {
      return this.#refuse(422, 'the proof does not show that the log extends', held, shown);
    }
    return await this.#countersign(asked, note, shown, keys);
  }

  async #countersign(
    { note }: AddCheckpoint,
    { text }: ParsedNote,
    { origin, size, root }: Checkpoint,
    keys: readonly VerifierKey[],
  ): Promise<WitnessAnswer> {
    const timeSeconds = Math.floor(this.#options.clock.now() / 1_000);
    const line = signatureLine(text, this.#key, timeSeconds);
    // The commit point: from here on nothing that does not extend this checkpoint is countersigned.
    const texts = keys.map(verifierKeyText);
    await this.#options.state.keep({
      origin,
      keys: texts,
      size,
      root: root.toString('hex'),
      note,
      timeSeconds,
    });
    return { status: 200, body: line };
  }

  #keysOf(origin: string, held: HeldLog | undefined, offered: readonly string[]): VerifierKey[] {
    const { logs, log } = this.#options;
    if (logs !== undefined) return logs.filter((key) => key.name === origin);
    if (held !== undefined) return held.keys.map(parseVerifierKey);
    // C2SP tlog-checkpoint: the key's name is the origin; its time line is not what a checkpoint is believed by.
    const keys = offered
      .map(parseVerifierKey)
      .filter(({ name, type }) => name === origin && type === SIGNATURE_TYPE.ed25519);
    if (keys.length > 0)
      log.info('an audit log is seen for the first time; its key is pinned', {
        origin,
        keys: keys.map(verifierKeyText),
      });
    return keys;
  }

  #refuse(status: 403 | 422, why: string, held: HeldLog | undefined, shown: Checkpoint): WitnessAnswer {
    const words = this.#tell(why, held, shown);
    return { status, body: words, ...(held === undefined ? {} : { held: held.note }) };
  }

  /** Says in this witness's own log what was shown, and beside it what is held. */
  #tell(why: string, held: HeldLog | undefined, shown: Checkpoint): string {
    const words = `${why}: ${held === undefined ? 'nothing is held of it' : `held is ${named(held.size, held.root)}`}, shown was ${named(shown.size, shown.root.toString('hex'))} of ${shown.origin}`;
    this.#options.log.error('A CHECKPOINT OF THE AUDIT LOG IS REFUSED', { why: words });
    return words;
  }
}

function conflict(held: HeldLog | undefined): WitnessAnswer {
  return {
    status: 409,
    body: `${held?.size ?? 0}\n`,
    ...(held === undefined ? {} : { held: held.note }),
  };
}

/** Why the note is not believed; undefined when a key of the log has signed it and none of its lines is false. */
function notSignedBy(note: ParsedNote, keys: readonly VerifierKey[]): string | undefined {
  try {
    verifyNote(note, keys);
    return undefined;
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return `it is not signed by the log's key (${error.message})`;
  }
}

function extendsHeld(held: HeldLog | undefined, shown: Checkpoint, proof: readonly Uint8Array[]): boolean {
  // From nothing there is nothing to prove (RFC 6962 §2.1.2), and the specification wants no proof then.
  if (held === undefined || held.size === 0 || held.size === shown.size) return proof.length === 0;
  return provesConsistency({
    size1: held.size,
    root1: Buffer.from(held.root, 'hex'),
    size2: shown.size,
    root2: shown.root,
    proof,
  });
}

function named(size: number, root: string): string {
  return `the checkpoint of ${size} entries with root ${root}`;
}
