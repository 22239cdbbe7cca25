import { HAS_ENTITY, HAS_FOLD, HAS_TRIGGER, OPEN_BRACE, OPEN_BRACKET, QUOTE, utf8 } from './bytes.ts';
import type { Spot } from './carriers.ts';
import { Edits, EMPTY } from './edits.ts';
import { Flow } from './flow.ts';
import type { Inherited } from './inherited.ts';
import type { Layer } from './layer.ts';
import { isMasked } from './masked-form.ts';
import { masksMedia } from './media.ts';
import { memberText } from './members.ts';
import { Pieces } from './pieces.ts';
import { HAS_ESCAPE, type Reader } from './reader.ts';
import { IN_NUMBER, IN_VALUE, PLACES, type Run } from './run.ts';
import { numberEnd } from './syntax.ts';
import { View } from './view.ts';
import { ANY_MEANING } from './words.ts';

/** Masks strings, numbers and media of one document, and hands each to those who look for values split over neighbours. */
export class Scalars {
  readonly #layer: Layer;
  readonly #run: Run;
  readonly #reader: Reader;
  readonly #view = new View();
  readonly #found = new Edits();
  readonly pieces: Pieces;
  readonly #flow: Flow;
  edits: Edits = this.#found;

  constructor(layer: Layer, reader: Reader) {
    this.#layer = layer;
    this.#run = layer.run;
    this.#reader = reader;
    this.pieces = new Pieces(layer.run);
    this.#flow = new Flow(layer.run);
  }

  begin(b: Uint8Array, edits: Edits): void {
    this.edits = edits;
    this.#found.truncate(0);
    this.pieces.begin(b, edits);
    this.#flow.begin(b, edits);
  }

  string(at: number, spot: Spot, known: Inherited): number {
    const end = this.#reader.stringEnd(at);
    const flags = this.#reader.flags;
    if (spot.kind === 'skip' || end === at + 1) return end + 1;
    this.#run.place = spot.place;
    if (
      spot.flows &&
      this.#run.flows !== null &&
      known.rule < 0 &&
      !this.#layer.opensDocument(this.#reader.b, at + 1, end)
    ) {
      this.#run.flows(at + 1, end);
      return end + 1;
    }
    const cuts = this.edits.count;
    if (known.rule >= 0) this.#whole(at + 1, end, flags, known.rule);
    else if (this.#isPlain(at + 1, flags)) {
      if (flags !== 0 || known.bits !== 0) {
        const { first } = this.#reader;
        this.#layer.scanner.scanPart(
          this.#reader.b,
          at + 1,
          end,
          known.bits,
          this.edits,
          flags === 0 ? end : first,
          end,
        );
      }
    } else {
      this.#layer.jsonString(this.#reader.b, at + 1, end, flags, known.bits, this.edits);
    }
    if (spot.flows) {
      this.pieces.interrupt();
      this.#flow.block(at + 1, end, flags);
    } else if (this.edits.count > cuts) this.pieces.interrupt();
    else this.pieces.scalar(at, end + 1, known.bits, (flags & (HAS_TRIGGER | HAS_ESCAPE)) !== 0);
    return end + 1;
  }

  /** Whether a string is its own text and no document, so that the scanner can have it as it stands. */
  #isPlain(at: number, flags: number): boolean {
    if ((flags & (HAS_ESCAPE | HAS_FOLD | HAS_ENTITY)) !== 0 || this.#run.plan.hasCustom) return false;
    const first = this.#reader.b[at] ?? 0;
    return first > 0x20 && first !== OPEN_BRACE && first !== OPEN_BRACKET;
  }

  /** A string that a rule takes whole, by key, path or column. */
  #whole(from: number, to: number, flags: number, rule: number): void {
    const reporter = this.#run.plan.reporters[rule];
    if (reporter === undefined || isMasked(this.#reader.b, from, to)) return;
    if ((flags & HAS_ESCAPE) === 0) {
      if (this.#run.hit(reporter, this.#reader.b, from, to, this.edits, from)) return;
    } else {
      this.#view.read(this.#reader.b, from, to, true, false);
      const done = this.#run.hit(reporter, this.#view.bytes, 0, this.#view.size, this.#found);
      this.edits.takeFrom(this.#found, this.#view, true);
      if (done) return;
    }
    this.#layer.jsonString(this.#reader.b, from, to, flags, 0, this.edits);
  }

  /** A number goes as a whole: what is left of a number with some digits cut would be another number. */
  number(at: number, spot: Spot, known: Inherited): number {
    const b = this.#reader.b;
    const end = this.#reader.checked(numberEnd(b, at, this.#reader.to));
    if (spot.kind === 'skip') return end;
    if (end - at >= 6 || (known.bits & ANY_MEANING) !== 0 || known.rule >= 0 || this.#run.plan.hasCustom) {
      this.#run.place = spot.place;
      this.#run.form = IN_NUMBER;
      const found = this.#found;
      const reporter = this.#run.plan.reporters[known.rule];
      if (reporter !== undefined) this.#run.hit(reporter, b, at, end, found, at);
      else this.#layer.number(b, at, end, known.bits, found);
      this.#run.form = IN_VALUE;
      if (found.count > 0) {
        found.settle();
        this.edits.add(at, end, numberForm(found.bytes[0] ?? EMPTY, this.#run.lastRule?.numbers === 'zero'));
        found.truncate(0);
        this.pieces.interrupt();
        return end;
      }
    }
    this.pieces.scalar(at, end, known.bits, true);
    return end;
  }

  /** The base64 of an image, a sound or a blob. */
  media(at: number, spot: Spot, type: string, known: Inherited): number {
    const b = this.#reader.b;
    const end = this.#reader.stringEnd(at) + 1;
    this.#run.place = type === 'audio' ? PLACES.indexOf('audio') : spot.place;
    const declared = spot.kind === 'blob' ? 'blob' : type === 'audio' ? 'audio' : 'image';
    const verdict = masksMedia(this.#layer, memberText.at(b, at, end), declared);
    if (verdict.kind === 'replace') this.edits.add(at + 1, end - 1, verdict.bytes);
    else if (verdict.kind === 'drop') this.edits.collapse(at + 1, end - 1, EMPTY);
    else if (verdict.kind === 'scan') return this.string(at, spot, known);
    this.pieces.interrupt();
    return end;
  }
}

function numberForm(bytes: Uint8Array, zero: boolean): Uint8Array {
  if (zero) return utf8('0');
  const out = new Uint8Array(bytes.length + 2);
  out[0] = QUOTE;
  out.set(bytes, 1);
  out[out.length - 1] = QUOTE;
  return out;
}
