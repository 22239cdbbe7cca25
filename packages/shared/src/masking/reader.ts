import { COMMA, IS_ESCAPE, QUOTE, STOP, STRING_FLAG } from './bytes.ts';
import { EMPTY } from './edits.ts';
import { Refused } from './errors.ts';
import { DOCUMENT_MAX_DEPTH } from './limits.ts';
import { escapeSize, skipSpace } from './syntax.ts';

/** Flag of a JSON string with escapes, beside those of STRING_FLAG. */
export const HAS_ESCAPE = STOP;

/** Second bytes of escapes of two bytes. */
const SHORT_ESCAPE = new Uint8Array(256);
for (const sign of '"\\/bfnrt') SHORT_ESCAPE[sign.charCodeAt(0)] = 1;

/** Reads JSON's structure, strictly: what is no JSON throws. */
export class Reader {
  b: Uint8Array = EMPTY;
  to = 0;
  /** Left by the last string read: what was seen in it. */
  flags = 0;
  /** First byte in it that a detector may look at. */
  first = 0;
  #depth = 0;

  begin(b: Uint8Array, to: number): void {
    this.b = b;
    this.to = to;
    this.#depth = 0;
  }

  /** An offset that a reading function gave. @throws Refused malformed for -1 */
  checked(end: number): number {
    if (end < 0) throw malformed();
    return end;
  }

  /** Goes into an array or object. @throws Refused too_deep */
  deeper(): void {
    this.#depth += 1;
    if (this.#depth > DOCUMENT_MAX_DEPTH)
      throw new Refused('too_deep', 'the message is nested too deeply to examine');
  }

  higher(): void {
    this.#depth -= 1;
  }

  /** White space, then the byte that must come. @returns the offset after it and after more white space. */
  expect(at: number, byte: number): number {
    const found = this.space(at);
    if (this.b[found] !== byte) throw malformed();
    return this.space(found + 1);
  }

  space(at: number): number {
    return (this.b[at] ?? 0) > 0x20 ? at : skipSpace(this.b, at, this.to);
  }

  /** After a member or item: the comma and what follows it, or the closing bracket. */
  next(at: number, close: number): number {
    const found = this.space(at);
    const byte = this.b[found] ?? 0;
    if (byte === COMMA) {
      const next = this.space(found + 1);
      if (this.b[next] === close || next >= this.to) throw malformed();
      return next;
    }
    if (byte !== close || found >= this.to) throw malformed();
    return found;
  }

  /** Reads to the closing quote and leaves in `flags` what was seen on the way. */
  stringEnd(at: number): number {
    const b = this.b;
    const table = STRING_FLAG;
    let end = at + 1;
    // Beyond the buffer's end there is undefined, which no comparison takes for a string's byte.
    let flag = table[b[end] as number] as number;
    while (flag === 0) {
      end += 1;
      flag = table[b[end] as number] as number;
    }
    this.first = end;
    const last = this.to - 4;
    let flags = 0;
    for (;;) {
      // No branch on what a byte is: digits among letters can't be predicted, and a wrong guess costs twenty bytes.
      while (end <= last) {
        const four = fourFlags(table, b, end);
        if (four >= STOP) break;
        flags |= four;
        end += 4;
      }
      flag = table[b[end] as number] as number;
      while (flag < STOP) {
        flags |= flag;
        end += 1;
        flag = table[b[end] as number] as number;
      }
      if (flag !== IS_ESCAPE) break;
      flags |= HAS_ESCAPE;
      const size = SHORT_ESCAPE[b[end + 1] ?? 0] === 1 ? 2 : escapeSize(b, end, this.to);
      if (size === 0) throw malformed();
      end += size;
    }
    if (b[end] !== QUOTE || end >= this.to) throw malformed();
    this.flags = flags;
    return end;
  }
}

/** Flags of four bytes at once. In bounds: the caller leaves four. */
function fourFlags(table: Uint8Array, b: Uint8Array, at: number): number {
  return (
    (table[b[at] as number] as number) |
    (table[b[at + 1] as number] as number) |
    (table[b[at + 2] as number] as number) |
    (table[b[at + 3] as number] as number)
  );
}

/** What is thrown for anything that is no JSON. */
export function malformed(): Refused {
  return new Refused('malformed', 'the message is not a JSON-RPC message');
}
