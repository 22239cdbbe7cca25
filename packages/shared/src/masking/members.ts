import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  utf8,
} from './bytes.ts';
import { Refused } from './errors.ts';
import { COLUMN_NAMES } from './keys.ts';
import { TABLE_MAX_COLUMNS } from './limits.ts';
import type { MaskingPlan } from './plan.ts';
import { plainName } from './rules/names.ts';
import { skipSpace, stringEnd, valueEnd } from './syntax.ts';
import type { Column } from './tables.ts';
import { meaningOfName } from './words.ts';

/** Looks ahead in a document whose syntax was checked. */
export const memberText = {
  /** The text of the string [at, end), quotes included. */
  at(b: Uint8Array, at: number, end: number): string {
    const source = Buffer.from(b.buffer, b.byteOffset + at, end - at);
    for (let i = 0; i < source.length; i += 1) {
      if (source[i] === BACKSLASH) return String(JSON.parse(source.toString('utf8')));
    }
    return source.subarray(1, -1).toString('utf8');
  },

  /** The text of the member `name` of the object at `at`; '' where it has none or it is no string. */
  find(b: Uint8Array, at: number, to: number, name: string): string {
    let text = '';
    members(b, at, to, (key, from, end) => {
      if (key !== name) return true;
      if (b[from] === QUOTE) text = memberText.at(b, from, end);
      return false;
    });
    return text;
  },

  /** All names of the object at `at`, each with the number its next namesake gets less one. */
  all(b: Uint8Array, at: number, to: number): Map<string, number> {
    const names = new Map<string, number>();
    members(b, at, to, (key) => {
      names.set(key, 1);
      return true;
    });
    return names;
  },

  /** Columns that the object at `at` names in a member after its rows. */
  columns(plan: MaskingPlan, b: Uint8Array, at: number, to: number): readonly Column[] | null {
    let found: readonly Column[] | null = null;
    members(b, at, to, (key, from) => {
      const bytes = utf8(key);
      if (plan.keys.classify(bytes, 0, bytes.length).role === COLUMN_NAMES)
        found = columnsOf(plan, b, from, to);
      return found === null;
    });
    return found;
  },
};

function members(
  b: Uint8Array,
  at: number,
  to: number,
  each: (key: string, from: number, end: number) => boolean,
): void {
  if (b[at] !== OPEN_BRACE) return;
  let i = skipSpace(b, at + 1, to);
  while (b[i] !== CLOSE_BRACE && i < to) {
    const nameEnd = stringEnd(b, i, to);
    if (nameEnd < 0) return;
    const key = memberText.at(b, i, nameEnd);
    const from = skipSpace(b, skipSpace(b, nameEnd, to) + 1, to);
    const end = valueEnd(b, from, to);
    if (end < 0 || !each(key, from, end)) return;
    i = skipSpace(b, end, to);
    if (b[i] === COMMA) i = skipSpace(b, i + 1, to);
  }
}

/**
 * Reads an array as the names of columns: strings, or objects with a name (as SQL tools give them).
 * @returns null where it is none, or none of its names means anything to this plan.
 */
export function columnsOf(
  plan: MaskingPlan,
  b: Uint8Array,
  at: number,
  to: number,
): readonly Column[] | null {
  if (b[at] !== OPEN_BRACKET) return null;
  const columns: Column[] = [];
  let useful = false;
  let i = skipSpace(b, at + 1, to);
  while (b[i] !== CLOSE_BRACKET && i < to) {
    if (columns.length >= TABLE_MAX_COLUMNS) return null;
    const end = valueEnd(b, i, to);
    if (end < 0) return null;
    let name = '';
    if (b[i] === QUOTE) name = end - i > 130 ? '' : memberText.at(b, i, end);
    else if (b[i] === OPEN_BRACE) {
      for (const key of ['name', 'column', 'columnName', 'column_name', 'field', 'label'])
        name ||= memberText.find(b, i, to, key);
    } else return null;
    // A head's cell is a name; a row's cell may be a text that only holds one.
    if (!COLUMN_NAME.test(name)) return null;
    const bytes = utf8(name);
    const column = {
      bits: meaningOfName(bytes, 0, bytes.length),
      rule: plan.columnNames.get(plainName(name)) ?? -1,
    };
    useful ||= column.bits !== 0 || column.rule >= 0;
    columns.push(column);
    i = skipSpace(b, end, to);
    if (b[i] === COMMA) i = skipSpace(b, i + 1, to);
  }
  return useful ? columns : null;
}

const COLUMN_NAME = /^[\p{L}\p{N} _.#/()%[\]-]{0,64}$/u;

/** A masked key that no other key of the object has: `[PAN]`, `[PAN]#2`, … @throws Refused key_collision */
export function uniqueKey(masked: Uint8Array, taken: Map<string, number>): Uint8Array {
  const text = new TextDecoder().decode(masked);
  for (let n = (taken.get(text) ?? 0) + 1; n < 1_000_000; n += 1) {
    const name = n === 1 ? text : `${text}#${n}`;
    if (n > 1 && taken.has(name)) continue;
    taken.set(text, n);
    if (n > 1) taken.set(name, 1);
    return utf8(name);
  }
  throw new Refused('key_collision', 'masking would give many members of the answer one name');
}
