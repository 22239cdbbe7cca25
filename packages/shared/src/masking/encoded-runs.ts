import type { Text } from './detector.ts';
import type { Edits } from './edits.ts';
import { HEX_MIN_CHARS } from './limits.ts';
import { base64MayBeText, hexMayBeText, hexRun, wideRun } from './tokens.ts';

/**
 * Unpacks an encoded run and masks what is in it, knowing what the words about the run say of it.
 * @returns whether something was found and the run was cut.
 */
export type Unpack = (
  b: Uint8Array,
  from: number,
  to: number,
  hex: boolean,
  keyBits: number,
  edits: Edits,
) => boolean;

/** Base64 and hexadecimal runs of one text: each is tried once, and its bounds are sought once. */
export class EncodedRuns {
  readonly #unpack: Unpack | null;
  /** Ends of the run that was cut last, and of the widest one whose bounds are known. */
  #tried = 0;
  #wideEnd = 0;

  /** @param unpack null where no run may be unpacked any deeper */
  constructor(unpack: Unpack | null) {
    this.#unpack = unpack;
  }

  begin(from: number): void {
    this.#tried = from;
    this.#wideEnd = from;
  }

  /** Tries the encoded run that holds [from, end). @returns whether it was cut; the text's floor is then its end. */
  take(text: Text, from: number, end: number, edits: Edits): boolean {
    if (this.#unpack === null || from < this.#tried) return false;
    const b = text.buffer;
    const size = end - from;
    if (size >= HEX_MIN_CHARS && hexRun(b, from, end) === end) {
      // So many hexadecimal digits and no other letter are no base64 of anything.
      return size % 2 === 0 && hexMayBeText(b, from) && this.#try(text, from, end, true, edits);
    }
    // A run of base64 may be many runs of letters with + and / between.
    let begin = from;
    if (from >= this.#wideEnd) {
      const wide = wideRun(b, text.floor, from, end, text.limit);
      this.#wideEnd = wide.to;
      begin = wide.from;
      // What seemed to go on in the next line may be two things: then the first line is tried alone.
      if (wide.lineTo < wide.to && base64MayBeText(b, begin)) {
        if (
          this.#try(text, begin, wide.to, false, edits) ||
          this.#try(text, begin, wide.lineTo, false, edits)
        )
          return true;
        return false;
      }
    }
    if (base64MayBeText(b, begin) && this.#try(text, begin, this.#wideEnd, false, edits)) return true;
    return begin !== from && base64MayBeText(b, from) && this.#try(text, from, this.#wideEnd, false, edits);
  }

  #try(text: Text, from: number, to: number, hex: boolean, edits: Edits): boolean {
    if (this.#unpack?.(text.buffer, from, to, hex, text.meaning(from), edits) !== true) return false;
    this.#tried = to;
    text.floor = to;
    return true;
  }
}
