import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@sallyport/shared/clock';
import { errorText } from '@sallyport/shared/errors';
import {
  addCheckpointText,
  NoteError,
  parseNote,
  type VerifierKey,
  verifierKeyText,
  verifyNote,
} from '@sallyport/shared/merkle';
import type { Prove } from '../checkpoint/signer.ts';
import { HELD_MAX_CHARS, WITNESS_RETRY_MS, WITNESS_WORDS_MAX_CHARS } from '../limits.ts';
import type { StoredCheckpoint } from '../types.ts';
import type {
  AskWitness,
  Cosignature,
  WitnessAnswer,
  WitnessConflict,
  WitnessKind,
  WitnessState,
} from './types.ts';

/** The last checkpoint that a witness countersigned. */
export interface LastCosigned {
  readonly number: number;
  readonly size: number;
  /** When the log signed it, RFC 3339. */
  readonly ts: string;
}

export interface CosignerOptions {
  readonly name: string;
  readonly kind: WitnessKind;
  readonly key: VerifierKey;
  readonly ask: AskWitness;
  /** It is not asked more often than this. */
  readonly everyMs: number;
  readonly last: LastCosigned | undefined;
  readonly prove: Prove;
  readonly clock: Clock;
  /** Resolves when it is durable. Only then does the cosignature count. */
  readonly keep: (cosignature: Cosignature) => Promise<void>;
  /** Resolves when the evidence is durable. */
  readonly onConflict: (conflict: WitnessConflict) => Promise<void>;
  readonly onCosigned: () => void;
  readonly onProblem: (problem: string) => void;
  /** A checkpoint that was kept. */
  readonly noteOf: (number: number) => Promise<string | undefined>;
}

/** A witness that refuses what it was shown. */
class Conflict extends Error {
  readonly answer: WitnessAnswer;
  readonly heldSize: number | undefined;

  constructor(problem: string, answer: WitnessAnswer, heldSize: number | undefined) {
    super(problem);
    this.answer = answer;
    this.heldSize = heldSize;
  }
}

/** Brings checkpoints to one witness, the newest each time, and keeps what it answers. */
export class Cosigner {
  readonly #options: CosignerOptions;
  readonly #closing = new AbortController();
  #ask: AskWitness;
  #last: LastCosigned | undefined;
  /** Size that the witness holds, as far as is known. */
  #heldSize: number;
  #waiting: StoredCheckpoint | undefined;
  #running: Promise<void> | undefined;
  #wake = new AbortController();
  #failing: { readonly sinceMs: number; readonly problem: string } | undefined;
  #conflict: string | undefined;
  /** The conflict whose evidence is kept. */
  #evident: string | undefined;

  constructor(options: CosignerOptions) {
    this.#options = options;
    this.#ask = options.ask;
    this.#last = options.last;
    this.#heldSize = options.last?.size ?? 0;
  }

  get keyText(): string {
    return verifierKeyText(this.#options.key);
  }

  get kind(): WitnessKind {
    return this.#options.kind;
  }

  get name(): string {
    return this.#options.name;
  }

  get last(): LastCosigned | undefined {
    return this.#last;
  }

  /** The witness is reached another way from now on: an agent has attached anew. */
  reachBy(ask: AskWitness): void {
    this.#ask = ask;
  }

  /** The newest checkpoint is to be countersigned; `hurry` does not wait for the next turn. */
  offer(checkpoint: StoredCheckpoint, hurry = false): void {
    if (this.#closing.signal.aborted) return;
    this.#waiting = checkpoint;
    if (hurry) this.#wake.abort();
    this.#running ??= this.#run();
  }

  state(): WitnessState {
    const { name, kind, clock } = this.#options;
    const failing = this.#failing;
    return {
      name,
      kind,
      key: this.keyText,
      ...(this.#last === undefined ? {} : { last: this.#last }),
      ...(failing === undefined
        ? {}
        : {
            problem: failing.problem,
            problemSeconds: Math.round((clock.monotonicMs() - failing.sinceMs) / 1_000),
          }),
      ...(this.#conflict === undefined ? {} : { conflict: this.#conflict }),
    };
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting !== undefined && !this.#closing.signal.aborted) {
      const checkpoint = this.#waiting;
      this.#waiting = undefined;
      this.#wake = new AbortController();
      const done = await this.#bring(checkpoint);
      // What failed is tried again, with whatever is the newest by then.
      if (!done) this.#waiting ??= checkpoint;
      const waitMs = done ? this.#options.everyMs : Math.max(this.#options.everyMs, WITNESS_RETRY_MS);
      const signal = AbortSignal.any([this.#wake.signal, this.#closing.signal]);
      await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
    this.#running = undefined;
  }

  /** Whether it was countersigned. */
  async #bring(checkpoint: StoredCheckpoint): Promise<boolean> {
    try {
      const cosignature = await this.#countersigned(checkpoint);
      await this.#options.keep(cosignature);
      this.#heldSize = checkpoint.size;
      this.#last = { number: checkpoint.number, size: checkpoint.size, ts: checkpoint.ts };
      this.#failing = undefined;
      this.#conflict = undefined;
      this.#evident = undefined;
      this.#options.onCosigned();
      return true;
    } catch (error) {
      await this.#failed(checkpoint, error);
      return false;
    }
  }

  /** The witness's line, verified. @throws Conflict, and Error for all that may pass. */
  async #countersigned(checkpoint: StoredCheckpoint): Promise<Cosignature> {
    for (let turn = 0; ; turn += 1) {
      const oldSize = this.#heldSize;
      const answer = await this.#askFor(checkpoint, oldSize);
      if (answer.status === 200) return this.#verified(checkpoint, answer.body);
      if (answer.status === 409) {
        const held = sizeIn(answer.body);
        if (held === undefined) throw new Error('it answered 409 without a size');
        // It may know a checkpoint that we brought and whose answer was lost: it is asked once more from there. Larger
        // than the log is now, or not to be had from there either, is another history.
        if (turn === 0 && held !== oldSize && held <= checkpoint.size) {
          this.#heldSize = held;
          continue;
        }
        const problem =
          held > checkpoint.size
            ? `it holds ${held} entries, and the log has ${checkpoint.size}: entries it countersigned are gone`
            : `it holds another root for ${held} entries: the log is not the one it countersigned`;
        throw new Conflict(problem, answer, held);
      }
      if (answer.status === 422) {
        const problem = `the log does not extend the ${oldSize} entries it countersigned`;
        throw new Conflict(problem, answer, oldSize);
      }
      throw new Error(
        `it answered ${answer.status}: ${answer.body.slice(0, WITNESS_WORDS_MAX_CHARS).trim()}`,
      );
    }
  }

  async #askFor(checkpoint: StoredCheckpoint, oldSize: number): Promise<WitnessAnswer> {
    const { prove } = this.#options;
    const known = oldSize > 0 && oldSize < checkpoint.size;
    const proof = known ? await prove(oldSize, checkpoint.size) : [];
    const answer = await this.#ask(addCheckpointText({ oldSize, proof, note: checkpoint.note }));
    if (answer === undefined) throw new Error('it can not be reached, or did not answer in time');
    return answer;
  }

  /** Of the lines it answered, its own; another key's line, or one over another text, is no cosignature. */
  #verified({ number, note }: StoredCheckpoint, lines: string): Cosignature {
    const { key } = this.#options;
    const { text } = parseNote(note);
    for (const line of lines.split('\n')) {
      if (line === '') continue;
      try {
        const [found] = verifyNote(parseNote(`${text}\n${line}\n`), [key]);
        if (found?.timeSeconds === undefined) continue;
        const ts = new Date(found.timeSeconds * 1_000).toISOString();
        return { number, key: this.keyText, ts, line };
      } catch (error) {
        if (!(error instanceof NoteError)) throw error;
        if (error.code === 'bad_signature')
          throw new Error(`it answered with a false cosignature (${error.message})`);
      }
    }
    throw new Error('it answered 200 without a cosignature by its key');
  }

  async #failed(checkpoint: StoredCheckpoint, error: unknown): Promise<void> {
    const { clock, name, onConflict, onProblem, noteOf } = this.#options;
    const problem = errorText(error);
    if (this.#failing === undefined) onProblem(problem);
    this.#failing = { sinceMs: this.#failing?.sinceMs ?? clock.monotonicMs(), problem };
    if (!(error instanceof Conflict)) return;
    this.#conflict = problem;
    // Evidence that could not be kept is kept with the next refusal, which comes soon.
    if (this.#evident === problem) return;
    const { status, body, held } = error.answer;
    const told = held.length > 0 && held.length <= HELD_MAX_CHARS;
    const known = told ? held : this.#last && (await noteOf(this.#last.number).catch(() => undefined));
    const conflict = {
      at: new Date(clock.now()).toISOString(),
      witness: name,
      key: this.keyText,
      status,
      ...(error.heldSize === undefined ? {} : { heldSize: error.heldSize }),
      shown: checkpoint.note,
      ...(known === undefined ? {} : { held: known }),
      answer: body.slice(0, WITNESS_WORDS_MAX_CHARS),
    };
    this.#evident = await onConflict(conflict).then(
      () => problem,
      () => undefined,
    );
  }
}

function sizeIn(body: string): number | undefined {
  const [, digits] = /^(0|[1-9]\d{0,15})\n?$/.exec(body) ?? [];
  return digits === undefined || !Number.isSafeInteger(Number(digits)) ? undefined : Number(digits);
}
