import { hash } from 'node:crypto';
import { errorText } from '@sallyport/shared/errors';
import { NoteError, parseCheckpoint, parseNote } from '@sallyport/shared/merkle';
import type { Logger } from 'winston';
import type { EntryDraft } from '../types.ts';
import type { WitnessTable } from './table.ts';
import type { WitnessConflict } from './types.ts';

/** Keeps what witnesses refuse: both checkpoints in a table, and in the log what they say. */
export class Evidence {
  readonly #table: WitnessTable;
  readonly #record: (draft: EntryDraft) => Promise<unknown>;
  readonly #logger: Logger;
  /** One after the other: they are numbered. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(given: {
    readonly table: WitnessTable;
    readonly record: (draft: EntryDraft) => Promise<unknown>;
    readonly logger: Logger;
  }) {
    this.#table = given.table;
    this.#record = given.record;
    this.#logger = given.logger;
  }

  /** Alarms; resolves when the evidence is durable and recorded. @throws what the database or the log throws. */
  keep(conflict: WitnessConflict): Promise<void> {
    const { witness, status, heldSize, shown, held } = conflict;
    const fields = {
      witness,
      status,
      ...(heldSize === undefined ? {} : { heldSize }),
      shown: factsOf(shown),
      ...(held === undefined ? {} : { held: factsOf(held) }),
    };
    this.#logger.error('A WITNESS REFUSES THE AUDIT LOG', fields);
    const kept = this.#turn.then(async () => {
      await this.#table.keepConflict(conflict);
      await this.#record({ kind: 'witness.conflict', fields });
    });
    this.#turn = kept.catch((error: unknown) => {
      this.#logger.error('evidence of a conflict was not kept', { reason: errorText(error), ...conflict });
    });
    return kept;
  }

  /** Resolves when nothing more is being kept. */
  async kept(): Promise<void> {
    await this.#turn;
  }
}

/** A checkpoint in an entry: what it says, and the digest by which the kept note is found. */
function factsOf(note: string): { size?: number; root?: string; digest: string } {
  const digest = hash('sha256', note, 'hex');
  try {
    const { size, root } = parseCheckpoint(parseNote(note).text);
    return { size, root: root.toString('hex'), digest };
  } catch (error) {
    // What a witness gives as its own is its word; also nonsense is kept.
    if (error instanceof NoteError) return { digest };
    throw error;
  }
}
