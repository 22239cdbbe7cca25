import { isUtf8 } from 'node:buffer';
import { SallyportError } from '../errors.ts';
import { JSON_MAX_DEPTH } from '../limits.ts';

/** Why a text is not acceptable JSON. Each has a vector in the tests. */
export type JsonErrorCode = 'utf8' | 'bom' | 'syntax' | 'depth' | 'duplicate' | 'surrogate';

/** The text is refused; `offset` is the byte where that was seen. Nothing of the text is in the message. */
export class JsonError extends SallyportError<JsonErrorCode> {
  override readonly name = 'JsonError';
  readonly offset: number;
  constructor(code: JsonErrorCode, message: string, offset: number) {
    super(code, `${message} (at byte ${offset})`, { origin: 'client' });
    this.offset = offset;
  }
}

/** Where a value stands in the raw bytes: `start` inclusive, `end` exclusive, no surrounding white space. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A member of an object near the top, with its own members where it is an object near the top too. */
export interface Member extends Span {
  readonly key: string;
  readonly members: readonly Member[] | undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Members are remembered down to `params._meta.*` and `result._meta.*`: all the corridor decides on. */
const REMEMBERED_DEPTH = 3;

/**
 * Checks a whole JSON text strictly in one pass and remembers where its outer members stand.
 *
 * Stricter than RFC 8259 asks, because two readers must never see two meanings (THREATS.md, Protocol evasion):
 * a member name twice in one object, a lone surrogate, a byte order mark, invalid UTF-8 and nesting beyond
 * `maxDepth` are refused.
 *
 * @returns the members of the top-level object, or undefined where the text is another value
 * @throws JsonError
 */
export function scanJson(raw: Buffer, maxDepth: number = JSON_MAX_DEPTH): readonly Member[] | undefined {
  if (raw.length >= 3 && raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf) {
    throw new JsonError('bom', 'a byte order mark is not allowed', 0);
  }
  if (!isUtf8(raw)) throw new JsonError('utf8', 'the text is not valid UTF-8', 0);
  const scanner = new Scanner(raw, maxDepth);
  return scanner.document();
}

class Scanner {
  readonly #raw: Buffer;
  readonly #maxDepth: number;
  #at = 0;
  #depth = 0;

  constructor(raw: Buffer, maxDepth: number) {
    this.#raw = raw;
    this.#maxDepth = maxDepth;
  }

  document(): readonly Member[] | undefined {
    this.#space();
    const members = this.#value();
    this.#space();
    if (this.#at < this.#raw.length) throw this.#syntax('unexpected text after the value');
    return members;
  }

  #syntax(message: string): JsonError {
    return new JsonError('syntax', message, this.#at);
  }

  #space(): void {
    const raw = this.#raw;
    for (;;) {
      const byte = raw[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at += 1;
    }
  }

  #value(): readonly Member[] | undefined {
    const byte = this.#raw[this.#at];
    if (byte === QUOTE) this.#string();
    else if (byte === 0x7b) return this.#object();
    else if (byte === 0x5b) this.#array();
    else if (byte === 0x74) this.#word('true');
    else if (byte === 0x66) this.#word('false');
    else if (byte === 0x6e) this.#word('null');
    else this.#number();
    return undefined;
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i += 1) {
      if (this.#raw[this.#at + i] !== word.charCodeAt(i)) throw this.#syntax('not a JSON value');
    }
    this.#at += word.length;
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > this.#maxDepth) {
      throw new JsonError('depth', `nested deeper than ${this.#maxDepth} levels`, this.#at);
    }
    this.#at += 1;
    this.#space();
  }

  #object(): readonly Member[] | undefined {
    this.#enter();
    const remembered: Member[] | undefined = this.#depth <= REMEMBERED_DEPTH ? [] : undefined;
    const seen = new KeySet();
    if (this.#raw[this.#at] === 0x7d) return this.#leave(remembered);
    for (;;) {
      if (this.#raw[this.#at] !== QUOTE) throw this.#syntax('expected a member name');
      const keyAt = this.#at;
      const key = this.#key();
      if (!seen.add(key)) throw new JsonError('duplicate', 'a member name stands twice in one object', keyAt);
      this.#space();
      if (this.#raw[this.#at] !== 0x3a) throw this.#syntax('expected a colon');
      this.#at += 1;
      this.#space();
      const start = this.#at;
      const members = this.#value();
      if (remembered !== undefined) remembered.push({ key, start, end: this.#at, members });
      this.#space();
      const byte = this.#raw[this.#at];
      if (byte === 0x7d) return this.#leave(remembered);
      if (byte !== 0x2c) throw this.#syntax('expected a comma or the end of the object');
      this.#at += 1;
      this.#space();
    }
  }

  #leave<T>(value: T): T {
    this.#at += 1;
    this.#depth -= 1;
    return value;
  }

  #array(): void {
    this.#enter();
    if (this.#raw[this.#at] === 0x5d) {
      this.#leave(undefined);
      return;
    }
    for (;;) {
      this.#value();
      this.#space();
      const byte = this.#raw[this.#at];
      if (byte === 0x5d) {
        this.#leave(undefined);
        return;
      }
      if (byte !== 0x2c) throw this.#syntax('expected a comma or the end of the array');
      this.#at += 1;
      this.#space();
    }
  }

  /** Reads a member name and returns it decoded: `"\u0061"` and `"a"` are the same name. */
  #key(): string {
    const start = this.#at + 1;
    const plain = this.#string();
    const end = this.#at - 1;
    if (plain) return this.#raw.toString('latin1', start, end);
    // Cast: the span was just found to be a valid JSON string.
    return JSON.parse(this.#raw.toString('utf8', start - 1, end + 1)) as string;
  }

  /** Passes over a string. Returns whether it is plain: ASCII without escapes. */
  #string(): boolean {
    const raw = this.#raw;
    let plain = true;
    let at = this.#at + 1;
    for (;;) {
      const byte = raw[at];
      if (byte === undefined) {
        this.#at = at;
        throw this.#syntax('unterminated string');
      }
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        plain = false;
        at = this.#escape(at);
      } else {
        if (byte < 0x20) {
          this.#at = at;
          throw this.#syntax('control character in a string');
        }
        if (byte > 0x7f) plain = false;
        at += 1;
      }
    }
    this.#at = at + 1;
    return plain;
  }

  /** `at` is the backslash; returns the offset behind the escape. */
  #escape(at: number): number {
    const kind = this.#raw[at + 1];
    if (kind !== 0x75) {
      if (kind === undefined || !'"\\/bfnrt'.includes(String.fromCharCode(kind))) {
        this.#at = at;
        throw this.#syntax('not a JSON escape');
      }
      return at + 2;
    }
    const unit = this.#hex4(at + 2);
    if (unit < 0xd800 || unit > 0xdfff) return at + 6;
    const paired =
      unit < 0xdc00 && this.#raw[at + 6] === BACKSLASH && this.#raw[at + 7] === 0x75 ? this.#hex4(at + 8) : 0;
    if (paired < 0xdc00 || paired > 0xdfff) {
      throw new JsonError('surrogate', 'a surrogate without its pair', at);
    }
    return at + 12;
  }

  #hex4(at: number): number {
    let unit = 0;
    for (let i = 0; i < 4; i += 1) {
      const byte = this.#raw[at + i] ?? 0;
      const digit =
        byte >= 0x30 && byte <= 0x39
          ? byte - 0x30
          : (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66
            ? (byte | 0x20) - 0x57
            : -1;
      if (digit < 0) {
        this.#at = at;
        throw this.#syntax('not four hexadecimal digits');
      }
      unit = unit * 16 + digit;
    }
    return unit;
  }

  /** RFC 8259 §6: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
  #number(): void {
    const raw = this.#raw;
    if (raw[this.#at] === 0x2d) this.#at += 1;
    if (raw[this.#at] === 0x30) this.#at += 1;
    else this.#digits();
    if (raw[this.#at] === 0x2e) {
      this.#at += 1;
      this.#digits();
    }
    if (((raw[this.#at] ?? 0) | 0x20) === 0x65) {
      this.#at += 1;
      if (raw[this.#at] === 0x2b || raw[this.#at] === 0x2d) this.#at += 1;
      this.#digits();
    }
  }

  #digits(): void {
    const start = this.#at;
    for (;;) {
      const byte = this.#raw[this.#at];
      if (byte === undefined || byte < 0x30 || byte > 0x39) break;
      this.#at += 1;
    }
    if (this.#at === start) throw this.#syntax('not a JSON value');
  }
}

/** The names seen in one object. Most objects are small, and comparing a few short texts beats hashing them. */
class KeySet {
  readonly #few: string[] = [];
  #many: Set<string> | undefined;

  /** False where the name was there already. */
  add(key: string): boolean {
    if (this.#many !== undefined) {
      if (this.#many.has(key)) return false;
      this.#many.add(key);
      return true;
    }
    if (this.#few.includes(key)) return false;
    this.#few.push(key);
    if (this.#few.length > 12) this.#many = new Set(this.#few);
    return true;
  }
}
