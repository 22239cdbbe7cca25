import { isUtf8 } from 'node:buffer';
import { ALNUM, isDigit, SPACE } from './bytes.ts';
import { Edits, EMPTY, escaped } from './edits.ts';
import { Refused } from './errors.ts';
import { Layer } from './layer.ts';
import { JOIN_WINDOW_BYTES, STREAM_MAX_BYTES, STREAM_MAX_MESSAGES, STREAM_WINDOW_BYTES } from './limits.ts';
import { refusalOf, refusedResult } from './mask-message.ts';
import type { MaskingPlan } from './plan.ts';
import { describe, Run } from './run.ts';
import type { MaskOptions, MaskResult } from './types.ts';
import { View } from './view.ts';

/** A message that waits for what comes after it. */
interface Held {
  readonly raw: Uint8Array;
  readonly run: Run;
  readonly edits: Edits;
  /** Spans of its texts in `raw`, in order. */
  readonly texts: { readonly from: number; readonly to: number; readonly place: number }[];
  /** Where its text begins and ends in the stream's text. */
  begin: number;
  end: number;
  /** Findings in the stream's text that begin in this message. */
  readonly counts: Map<number, number>;
}

/** Masks the messages of one exchange that arrive apart. */
export interface StreamMasker {
  /** Takes the next message; gives those that can be released now, in order. */
  push(raw: Uint8Array): MaskResult[];
  /**
   * Releases everything held. At the exchange's end, or where a caller must show progress now and accepts that a value
   * split right here is not seen.
   */
  flush(): MaskResult[];
  /**
   * Releases everything held and stays in the stream: the end of what was released is still read together with what
   * comes, so that of a value split here at least the second part is masked.
   */
  release(): MaskResult[];
  readonly heldMessages: number;
  readonly heldBytes: number;
}

/**
 * Makes a masker for the messages of one exchange (progress, log notifications, interim results).
 *
 * Their texts are read as one running text, so a value split over messages is found: its first part takes the masked
 * form, the others are emptied. A message is held until no later text can change what is found in it: at most
 * STREAM_WINDOW_BYTES of text, STREAM_MAX_MESSAGES and STREAM_MAX_BYTES.
 */
export function createStreamMasker(plan: MaskingPlan, options: MaskOptions = {}): StreamMasker {
  return new Stream(plan, options);
}

class Stream implements StreamMasker {
  readonly #plan: MaskingPlan;
  readonly #options: MaskOptions;
  readonly #view = new View();
  #held: Held[] = [];
  #bytes = 0;
  /** The running text, and for each of its bytes where it came from in its message. */
  #text: Uint8Array = new Uint8Array(1024);
  #from: Int32Array = new Int32Array(1024);
  #to: Int32Array = new Int32Array(1024);
  #size = 0;
  /** Text before this was released; it stays as context. */
  /** How far a value reaches whose beginning was released, masked. */
  #begunTo = 0;
  #released = 0;

  constructor(plan: MaskingPlan, options: MaskOptions) {
    this.#plan = plan;
    this.#options = options;
  }

  get heldMessages(): number {
    return this.#held.length;
  }

  get heldBytes(): number {
    return this.#bytes;
  }

  push(raw: Uint8Array): MaskResult[] {
    try {
      this.#take(raw);
      const found = this.#scan();
      let open = openFrom(this.#text, this.#size);
      if (this.#held.length > STREAM_MAX_MESSAGES || this.#bytes > STREAM_MAX_BYTES) open = this.#size;
      for (let i = 0; i < found.count; i += 1) {
        if ((found.from[i] ?? 0) < open && (found.to[i] ?? 0) > open) open = found.from[i] ?? 0;
      }
      return this.#release(found, open);
    } catch (thrown) {
      return this.#refuse(thrown);
    }
  }

  flush(): MaskResult[] {
    try {
      const released = this.#release(this.#scan(), this.#size + 1);
      this.#size = 0;
      this.#released = 0;
      return released;
    } catch (thrown) {
      return this.#refuse(thrown);
    }
  }

  release(): MaskResult[] {
    if (this.#held.length === 0) return [];
    try {
      return this.#release(this.#scan(), this.#size + 1);
    } catch (thrown) {
      return this.#refuse(thrown);
    }
  }

  #refuse(thrown: unknown): MaskResult[] {
    const refused = refusalOf(thrown);
    const count = Math.max(1, this.#held.length);
    this.#held = [];
    this.#bytes = 0;
    this.#size = 0;
    this.#released = 0;
    return Array.from({ length: count }, () => refusedResult(refused));
  }

  /** Masks what is the message's own and appends its texts to the running text. */
  #take(raw: Uint8Array): void {
    const bytes = Buffer.isBuffer(raw) ? new Uint8Array(raw.buffer, raw.byteOffset, raw.length) : raw;
    const run = new Run(this.#plan).begin(bytes, this.#options, new Map());
    const held: Held = {
      raw,
      run,
      edits: new Edits(),
      texts: [],
      begin: this.#size,
      end: this.#size,
      counts: new Map(),
    };
    this.#held.push(held);
    this.#bytes += raw.length;
    if (!isUtf8(raw)) throw new Refused('malformed', 'the message is not UTF-8');
    run.flows = (from, to) => held.texts.push({ from, to, place: run.place });
    new Layer(run, 0, 0).walker.message(bytes, held.edits);
    for (const { from, to } of held.texts) this.#append(bytes, from, to);
    held.end = this.#size;
  }

  #append(raw: Uint8Array, from: number, to: number): void {
    const view = this.#view;
    if (!view.read(raw, from, to, true, true))
      throw new Refused('malformed', 'the message is not a JSON-RPC message');
    this.#reserve(this.#size + view.size);
    for (let v = 0; v < view.size; v += 1) {
      this.#text[this.#size] = view.bytes[v] ?? 0;
      this.#from[this.#size] = view.startOf(v);
      this.#to[this.#size] = view.endOf(v + 1);
      this.#size += 1;
    }
  }

  #reserve(size: number): void {
    if (size <= this.#text.length) return;
    const text = new Uint8Array(size * 2);
    const from = new Int32Array(size * 2);
    const to = new Int32Array(size * 2);
    text.set(this.#text.subarray(0, this.#size));
    from.set(this.#from.subarray(0, this.#size));
    to.set(this.#to.subarray(0, this.#size));
    this.#text = text;
    this.#from = from;
    this.#to = to;
  }

  /** What is in the running text now. */
  #scan(): Edits {
    const found = new Edits();
    const run = new Run(this.#plan).begin(null, this.#options, new Map());
    run.place = this.#held.find((held) => held.texts.length > 0)?.texts[0]?.place ?? 0;
    new Layer(run, 0, 0).text(this.#text, 0, this.#size, 0, found);
    found.settle();
    return found;
  }

  /** Releases messages whose text ends at or before `open`, with the cuts that lie in it. */
  #release(found: Edits, open: number): MaskResult[] {
    const results: MaskResult[] = [];
    let count = 0;
    while (count < this.#held.length && (this.#held[count]?.end ?? 0) <= open) count += 1;
    const upTo = count === 0 ? 0 : (this.#held[count - 1]?.end ?? 0);
    let begunTo = this.#begunTo;
    for (let i = 0; i < found.count; i += 1) {
      const to = found.to[i] ?? 0;
      if (to <= this.#released || (found.from[i] ?? 0) >= upTo) continue;
      this.#cut(found, i, count);
      begunTo = Math.max(begunTo, to);
    }
    for (const held of this.#held.splice(0, count)) results.push(this.#result(held));
    this.#released = Math.max(this.#released, upTo);
    this.#begunTo = begunTo;
    this.#forget();
    return results;
  }

  /** Makes one cut in the messages that hold parts of it. */
  #cut(found: Edits, index: number, count: number): void {
    const from = Math.max(found.from[index] ?? 0, this.#released);
    const to = found.to[index] ?? 0;
    // What began in a message that had to go before its end came is masked from here on.
    // What began in one that went with its beginning masked goes on as nothing.
    const begun = (found.from[index] ?? 0) < this.#released && this.#begunTo > this.#released;
    let bytes: Uint8Array = begun ? EMPTY : escaped(found.bytes[index] ?? EMPTY);
    for (const held of this.#held.slice(0, count)) {
      const begin = Math.max(from, held.begin);
      const end = Math.min(to, held.end);
      if (begin >= end) continue;
      if (bytes.length > 0)
        held.counts.set(found.keys[index] ?? 0, (held.counts.get(found.keys[index] ?? 0) ?? 0) + 1);
      held.edits.add(this.#from[begin] ?? 0, this.#to[end - 1] ?? 0, bytes);
      bytes = EMPTY;
    }
  }

  #result(held: Held): MaskResult {
    this.#bytes -= held.raw.length;
    if (held.edits.count === 0) return { masked: held.raw, findings: [] };
    const findings = [
      ...held.run.findings(),
      ...[...held.counts].map(([key, count]) => describe(this.#plan, key, count)),
    ];
    return { masked: held.edits.apply(held.raw, 0, held.raw.length), findings };
  }

  /** Drops released text but a window of context, cut where a word begins. */
  #forget(): void {
    let keep = Math.max(0, this.#released - JOIN_WINDOW_BYTES);
    while (keep > 0 && keep < this.#released && (this.#text[keep - 1] ?? 0) > SPACE) keep += 1;
    if (keep === 0) return;
    this.#text.copyWithin(0, keep, this.#size);
    this.#from.copyWithin(0, keep, this.#size);
    this.#to.copyWithin(0, keep, this.#size);
    this.#size -= keep;
    this.#released -= keep;
    this.#begunTo -= keep;
    for (const held of this.#held) {
      held.begin -= keep;
      held.end -= keep;
    }
  }
}

/** Words and digits at a text's end that later text may join: more than any value with the words that name it. */
const OPEN_BYTES = JOIN_WINDOW_BYTES - 32;

/**
 * Where the part of a text begins that more text could still change: its last OPEN_BYTES, a run without spaces that
 * reaches into them, or a private key whose end has not come.
 */
export function openFrom(text: Uint8Array, size: number): number {
  const least = Math.max(0, size - STREAM_WINDOW_BYTES);
  const source = Buffer.from(text.buffer, text.byteOffset, size);
  const begun = source.lastIndexOf('-----BEGIN ');
  if (begun >= least && source.indexOf('-----END ', begun) < 0) return begun;
  let open = Math.max(0, size - OPEN_BYTES);
  while (
    open > least &&
    (joins(text[open - 1] ?? 0) || (isDigit(text[open] ?? 0) && (text[open - 1] ?? 0) <= SPACE))
  )
    open -= 1;
  return open;
}

function joins(byte: number): boolean {
  return byte > SPACE || ALNUM[byte] !== 0;
}
