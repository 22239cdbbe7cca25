import { SQL_MAX_DEPTH } from '../limits.ts';

/** One token of the grammar's own scanner. */
export interface SqlToken {
  readonly text: string;
  readonly tokenName: string;
}

const NESTING_WORD =
  /^(?:all|and|any|at|between|case|collate|else|escape|except|ilike|in|intersect|is|isnull|join|like|not|notnull|or|similar|then|union|when)$/i;
const NESTING = new RegExp(`[-+*/<>=~!@#%^&|\`?:([]|\\b${NESTING_WORD.source.slice(1, -1)}\\b`, 'gi');

/**
 * Whether a text surely nests less than the grammar survives: each level of a tree takes an operator, a bracket or a
 * word of these. Counted anywhere in the text, so it holds whatever a quote or a comment makes of it.
 */
export function isSurelyShallow(text: string): boolean {
  let count = 0;
  for (const _ of text.matchAll(NESTING)) {
    count += 1;
    if (count > SQL_MAX_DEPTH) return false;
  }
  return true;
}

/**
 * Whether the tokens of a text nest less than the grammar survives. What is between two commas may be one chain; what is
 * in brackets may be the deepest part of the chain around it.
 */
export function isShallow(tokens: readonly SqlToken[]): boolean {
  // For each open bracket: the deepest of the parts behind its commas, and the part at hand.
  const open = [{ deepest: 0, part: 0 }];
  for (const { text, tokenName } of tokens) {
    if (tokenName === 'SQL_COMMENT' || tokenName === 'C_COMMENT' || tokenName.endsWith('SCONST')) continue;
    const level = open.at(-1);
    if (level === undefined) return false;
    if (text === '(' || text === '[') {
      open.push({ deepest: 0, part: 1 });
    } else if (text === ')' || text === ']') {
      open.pop();
      const around = open.at(-1) ?? { deepest: 0, part: 0 };
      if (open.length === 0) open.push(around);
      around.part += Math.max(level.deepest, level.part);
    } else if (text === ',' || text === ';') {
      level.deepest = Math.max(level.deepest, level.part);
      level.part = 0;
    } else if (NESTING_WORD.test(text) || /^[^\w"'$.,;]+$/.test(text)) {
      level.part += 1;
    }
    if (open.reduce((sum, { deepest, part }) => sum + Math.max(deepest, part), 0) > SQL_MAX_DEPTH)
      return false;
  }
  return true;
}
