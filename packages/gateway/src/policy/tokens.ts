import { BRACKETS_MAX_DEPTH, STATEMENT_MAX_TOKENS } from './limits.ts';

/** One token of Cedar text. `start` and `end` are indexes into the text (UTF-16 units). */
export interface Token {
  readonly kind: 'word' | 'text' | 'sign' | 'slot';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** A place in a text that is refused before the engine reads it. */
export interface Excess {
  readonly message: string;
  readonly at: number;
}

// Cedar has `//` comments only. Anything the pattern doesn't know is one sign; the engine's parser judges it.
const PATTERN =
  /(?<skip>\s+|\/\/[^\n\r]*)|(?<text>"(?:[^"\\]|\\[\s\S])*"?)|(?<slot>\?[A-Za-z_]\w*)|(?<word>\w+)|(?<sign>::|==|!=|<=|>=|&&|\|\||[\s\S])/gu;

/** Splits Cedar text into tokens, without judging it. Spaces and comments are left out. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(PATTERN)) {
    const groups = match.groups ?? {};
    if (groups.skip !== undefined) continue;
    const kind =
      groups.text !== undefined
        ? 'text'
        : groups.slot !== undefined
          ? 'slot'
          : groups.word !== undefined
            ? 'word'
            : 'sign';
    tokens.push({ kind, value: match[0], start: match.index, end: match.index + match[0].length });
  }
  return tokens;
}

/** The first place where a text is nested or chained beyond what the engine survives (limits.ts), if any. */
export function excessOf(tokens: readonly Token[]): Excess | undefined {
  let depth = 0;
  let length = 0;
  let begin = 0;
  for (const { kind, value, start } of tokens) {
    if (kind !== 'text' && value !== ',') length += 1;
    if (length === 1) begin = start;
    if (kind !== 'sign') continue;
    if (value === '(' || value === '[' || value === '{') depth += 1;
    else if (value === ')' || value === ']' || value === '}') depth -= 1;
    else if (value === ';') {
      depth = 0;
      length = 0;
    }
    if (depth > BRACKETS_MAX_DEPTH) {
      return { message: `brackets are nested more than ${BRACKETS_MAX_DEPTH} deep`, at: start };
    }
    if (length > STATEMENT_MAX_TOKENS) {
      return { message: `the policy is longer than ${STATEMENT_MAX_TOKENS} words and signs`, at: begin };
    }
  }
  return undefined;
}

/**
 * The same text, of the same length in bytes, with each test for the presence of an argument
 * (`context.arguments has a`, `context has arguments.a.b`) replaced by one whose answer the validator cannot know.
 *
 * The validator takes `arguments` as an empty record and would hold such a test for always false, and would then
 * not look at what it guards.
 */
export function maskArgumentTests(text: string): string {
  const tokens = tokensOf(text);
  let masked = '';
  let copied = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const last = argumentTestAt(tokens, index);
    const from = tokens[index];
    const to = last === undefined ? undefined : tokens[last];
    if (last === undefined || from === undefined || to === undefined) continue;
    const bytes = Buffer.byteLength(text.slice(from.start, to.end));
    masked += text.slice(copied, from.start) + MASKED_TEST.padEnd(bytes);
    copied = to.end;
    index = last;
  }
  return masked + text.slice(copied);
}

// Shorter than the shortest test it replaces, `context has arguments.a`.
const MASKED_TEST = 'context has __argument';

/** Index of the last token of a test for an argument that begins at `index`. */
function argumentTestAt(tokens: readonly Token[], index: number): number | undefined {
  const is = (at: number, value: string) => tokens[at]?.value === value;
  if (!is(index, 'context')) return undefined;
  if (is(index + 1, 'has')) {
    if (!is(index + 2, 'arguments') || !is(index + 3, '.')) return undefined;
    return pathEnd(tokens, index + 2);
  }
  let at = memberEnd(tokens, index);
  if (at === undefined || !(is(at, 'arguments') || is(at - 1, '"arguments"'))) return undefined;
  for (let next = memberEnd(tokens, at); next !== undefined; next = memberEnd(tokens, at)) at = next;
  if (!is(at + 1, 'has')) return undefined;
  const tested = tokens[at + 2];
  if (tested?.kind === 'text') return at + 2;
  return tested?.kind === 'word' ? pathEnd(tokens, at + 2) : undefined;
}

/** Index of the last token of `.name` or `["name"]` behind `at`. */
function memberEnd(tokens: readonly Token[], at: number): number | undefined {
  if (tokens[at + 1]?.value === '.' && tokens[at + 2]?.kind === 'word') {
    return tokens[at + 3]?.value === '(' ? undefined : at + 2;
  }
  const bracketed = tokens[at + 1]?.value === '[' && tokens[at + 2]?.kind === 'text';
  return bracketed && tokens[at + 3]?.value === ']' ? at + 3 : undefined;
}

/** Index of the last token of `a.b.c` that begins at `at`. */
function pathEnd(tokens: readonly Token[], at: number): number {
  let end = at;
  while (tokens[end + 1]?.value === '.' && tokens[end + 2]?.kind === 'word') end += 2;
  return end;
}
