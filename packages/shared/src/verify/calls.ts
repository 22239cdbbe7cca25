/** What the verifier reads of an entry. */
export interface Entry {
  readonly seq: number;
  readonly kind: string;
  readonly call: string | undefined;
}

/**
 * Requires of each call one intent, and behind it exactly one outcome or `call.indeterminate`. Of an export that begins
 * behind the log's first entry, the intent of an ending may be before it.
 */
export class Calls {
  readonly #later: boolean;
  readonly #open = new Map<string, number>();
  readonly #ended = new Set<string>();
  outcomes = 0;
  indeterminate = 0;
  /** Calls that ended here and whose intents are before the export. */
  begunBefore = 0;

  /** @param later whether the export begins behind the log's first entry. */
  constructor(later = false) {
    this.#later = later;
  }

  get intents(): number {
    return this.#open.size + this.#ended.size - this.begunBefore;
  }

  /** Seqs of intents without an ending. */
  get open(): number[] {
    return [...this.#open.values()];
  }

  /** Whether a call has an intent here and is under way. */
  isOpen(call: string): boolean {
    return this.#open.has(call);
  }

  /** Whether a call has an intent, here or before. */
  has(call: string): boolean {
    return this.#open.has(call) || this.#ended.has(call);
  }

  /** Takes the next entry; returns what is wrong with it. */
  take({ seq, kind, call }: Entry): string | undefined {
    if (kind === 'log.start') {
      // A start settles what the run before left open before anything else.
      const [left] = this.#open.values();
      return left === undefined
        ? undefined
        : `the log starts anew while the call of entry ${left} has no ending`;
    }
    if (kind === 'call.intent') return this.#begin(call, seq);
    if (kind === 'call.outcome' || kind === 'call.indeterminate') return this.#end(call, kind);
    return undefined;
  }

  #begin(call: string | undefined, seq: number): string | undefined {
    if (call === undefined) return 'it is the intent of a call and names none';
    if (this.#open.has(call) || this.#ended.has(call)) return `the call ${call} has an intent already`;
    this.#open.set(call, seq);
    return undefined;
  }

  #end(call: string | undefined, kind: string): string | undefined {
    if (call === undefined) return 'it is the ending of a call and names none';
    if (this.#ended.has(call)) return `the call ${call} has an ending already`;
    if (!this.#open.delete(call)) {
      if (!this.#later) return `the call ${call} has an ending and no intent before it`;
      this.begunBefore += 1;
    }
    this.#ended.add(call);
    if (kind === 'call.outcome') this.outcomes += 1;
    else this.indeterminate += 1;
    return undefined;
  }
}
