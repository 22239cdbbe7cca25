import { ALNUM, isWordByte, utf8 } from '../bytes.ts';
import { MaskingError } from '../errors.ts';
import { DICTIONARY_MAX_TERMS, DICTIONARY_TERM_MAX_BYTES } from '../limits.ts';

/** Words and phrases of one rule as a tree of bytes; a text is read once, at each word's start down the tree. */
export class Dictionary {
  readonly index: number;
  readonly #caseSensitive: boolean;
  readonly #root = new Map<number, Node>();

  constructor(rule: string, terms: readonly string[], caseSensitive: boolean, index: number) {
    this.index = index;
    this.#caseSensitive = caseSensitive;
    if (terms.length === 0 || terms.length > DICTIONARY_MAX_TERMS) {
      throw new MaskingError(
        'rule_incomplete',
        `rule "${rule}": a dictionary has 1 to ${DICTIONARY_MAX_TERMS} terms`,
      );
    }
    for (const term of terms) this.#learn(rule, term.trim());
  }

  #learn(rule: string, term: string): void {
    const bytes = utf8(term);
    if (bytes.length === 0)
      throw new MaskingError('pattern_matches_empty', `rule "${rule}": a dictionary term is empty`);
    if (bytes.length > DICTIONARY_TERM_MAX_BYTES) {
      throw new MaskingError(
        'pattern_too_large',
        `rule "${rule}": a dictionary term is longer than ${DICTIONARY_TERM_MAX_BYTES} bytes`,
      );
    }
    let level = this.#root;
    for (let i = 0; i < bytes.length; i += 1) {
      const key = this.#fold(bytes[i] ?? 0);
      let node = level.get(key);
      if (node === undefined) {
        node = { ends: false, next: new Map() };
        level.set(key, node);
      }
      if (i === bytes.length - 1) node.ends = true;
      level = node.next;
    }
  }

  #fold(byte: number): number {
    return !this.#caseSensitive && ALNUM[byte] === 1 ? byte | 0x20 : byte;
  }

  /** Calls back with the longest term at each word's start. */
  find(b: Uint8Array, from: number, to: number, found: (from: number, to: number) => void): void {
    let at = from;
    while (at < to) {
      const end =
        at === from || !isWordByte(b[at - 1] ?? 0) || !isWordByte(b[at] ?? 0) ? this.#longest(b, at, to) : 0;
      if (end > 0) {
        found(at, end);
        at = end;
      } else {
        at += 1;
      }
    }
  }

  #longest(b: Uint8Array, from: number, to: number): number {
    let level: Map<number, Node> | undefined = this.#root;
    let end = 0;
    for (let at = from; at < to && level !== undefined; at += 1) {
      const node: Node | undefined = level.get(this.#fold(b[at] ?? 0));
      if (node === undefined) break;
      const wordGoesOn = at + 1 < to && isWordByte(b[at + 1] ?? 0) && isWordByte(b[at] ?? 0);
      if (node.ends && !wordGoesOn) end = at + 1;
      level = node.next;
    }
    return end;
  }
}

interface Node {
  ends: boolean;
  readonly next: Map<number, Node>;
}
