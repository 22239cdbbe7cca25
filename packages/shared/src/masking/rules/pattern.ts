import { RE2JS, RE2Set } from 're2js';
import { utf8 } from '../bytes.ts';
import { MaskingError } from '../errors.ts';
import { PATTERN_MAX_CHARS, PATTERN_MAX_PROGRAM } from '../limits.ts';

/** A customer's pattern, compiled. `find` calls back with byte spans. */
export interface CompiledPattern {
  readonly index: number;
  find(text: Uint8Array, found: (from: number, to: number) => void): void;
}

/**
 * Compiles a pattern in RE2 syntax.
 *
 * @throws MaskingError where the pattern isn't RE2 (look-around, back-references), is too large, matches the empty
 *   string, or matches everything: such a rule would mask nothing or all and is a mistake either way.
 */
export function compilePattern(
  rule: string,
  pattern: string,
  caseSensitive: boolean,
  index: number,
): CompiledPattern {
  if (pattern.length > PATTERN_MAX_CHARS) {
    throw new MaskingError(
      'pattern_too_large',
      `rule "${rule}": the pattern is longer than ${PATTERN_MAX_CHARS} characters; split it`,
    );
  }
  const compiled = compile(rule, pattern, caseSensitive);
  if (compiled.programSize() > PATTERN_MAX_PROGRAM) {
    throw new MaskingError(
      'pattern_too_large',
      `rule "${rule}": the pattern is too large once repeats are written out; use smaller counts`,
    );
  }
  if (compiled.matcher('').find()) {
    throw new MaskingError(
      'pattern_matches_empty',
      `rule "${rule}": the pattern matches the empty string; make at least one character required`,
    );
  }
  if (EVERYDAY.every((text) => covers(compiled, text))) {
    throw new MaskingError(
      'pattern_matches_everything',
      `rule "${rule}": the pattern matches any text; name what it looks for`,
    );
  }
  const group = Object.keys(compiled.namedGroups()).includes('value') ? 'value' : 0;
  return {
    index,
    find(text, found) {
      const matcher = compiled.matcher(text);
      while (matcher.find()) {
        const from = matcher.start(group);
        const to = matcher.end(group);
        if (from >= 0 && to > from) found(from, to);
      }
    },
  };
}

function compile(rule: string, pattern: string, caseSensitive: boolean): RE2JS {
  try {
    return RE2JS.compile(pattern, caseSensitive ? 0 : RE2JS.CASE_INSENSITIVE);
  } catch (cause) {
    throw new MaskingError(
      'pattern_not_re2',
      `rule "${rule}": the pattern is not RE2 syntax (${cause instanceof Error ? cause.message : 'unreadable'})`,
      { cause },
    );
  }
}

/** Texts so different that a pattern that takes all of each one is about none of them. */
const EVERYDAY = ['the quick brown fox', '12345', 'Ünïcode ✓', '{"a": [1, true]}', '\t;\n', 'A-1.b_2'];

function covers(pattern: RE2JS, text: string): boolean {
  const bytes = utf8(text);
  const matcher = pattern.matcher(bytes);
  let covered = 0;
  while (matcher.find()) covered += matcher.end() - matcher.start();
  return covered >= bytes.length - 1;
}

/** All patterns of a plan as one automaton that says in one pass which of them can match. */
export class PatternSet {
  readonly #set = new RE2Set();
  readonly #patterns: CompiledPattern[] = [];
  #compiled = false;

  add(pattern: CompiledPattern, source: string, caseSensitive: boolean): void {
    this.#set.add(caseSensitive ? source : `(?i:${source})`);
    this.#patterns.push(pattern);
  }

  get size(): number {
    return this.#patterns.length;
  }

  /** Patterns that occur in the text. */
  matching(text: Uint8Array): CompiledPattern[] {
    if (!this.#compiled) {
      this.#set.compile();
      this.#compiled = true;
    }
    return this.#set.match(text).flatMap((i) => this.#patterns[i] ?? []);
  }
}
