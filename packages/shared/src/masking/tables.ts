import { NEWLINE, SPACE } from './bytes.ts';
import { TABLE_MAX_COLUMNS } from './limits.ts';
import type { MaskingPlan } from './plan.ts';
import { plainNameOf } from './rules/names.ts';
import { meaningOfName } from './words.ts';

/**
 * Tables in text: CSV and TSV, Markdown, and the bars of SQL clients. The head's names say what the cells below are,
 * as words before a number do.
 */

/** What a column holds: the meaning of its name, and a customer's rule for it. */
export interface Column {
  readonly bits: number;
  readonly rule: number;
}

export interface TableHead {
  readonly delimiter: number;
  readonly columns: readonly Column[];
}

const DELIMITERS = [0x7c, 0x09, 0x3b, 0x2c];
const DELIMITER_RANK = new Uint8Array(256).fill(9);
for (const [rank, sign] of DELIMITERS.entries()) DELIMITER_RANK[sign] = rank;

/** End of the line that holds `at`. */
export function lineEnd(b: Uint8Array, at: number, to: number): number {
  let end = at;
  while (end < to && b[end] !== NEWLINE) end += 1;
  return end;
}

/**
 * Reads a line as the head of a table.
 * @returns null where it is none, or none of its columns means anything to this plan.
 */
export function tableHead(
  plan: MaskingPlan,
  b: Uint8Array,
  from: number,
  to: number,
  delimiter: number,
  textTo: number,
): TableHead | null {
  const nextFrom = to + 1;
  if (nextFrom >= textTo || to - from < 3 || to - from > 8192) return null;
  const columns: Column[] = [];
  let useful = false;
  const named = cells(b, from, to, delimiter, (cellFrom, cellTo, index) => {
    if (index >= TABLE_MAX_COLUMNS || cellTo - cellFrom > 64) return false;
    for (let at = cellFrom; at < cellTo; at += 1) if (!isNameByte(b[at] ?? 0)) return false;
    const bits = meaningOfName(b, cellFrom, cellTo);
    const rule =
      plan.columnNames.size === 0 ? -1 : (plan.columnNames.get(plainNameOf(b, cellFrom, cellTo)) ?? -1);
    useful ||= bits !== 0 || rule >= 0;
    columns.push({ bits, rule });
    return true;
  });
  if (!named || !useful || columns.length < 2) return null;
  const next = countCells(b, nextFrom, lineEnd(b, nextFrom, textTo), delimiter);
  return next === columns.length ? { delimiter, columns } : null;
}

function isNameByte(byte: number): boolean {
  return (
    byte >= 0x80 ||
    byte === SPACE ||
    (byte >= 0x23 && byte <= 0x7e && byte !== 0x40 && byte !== 0x7b && byte !== 0x3d) ||
    byte === 0x22 ||
    byte === 0x0d
  );
}

/** The separator a line's cells would have, bars before tabs before semicolons before commas; 0 for none. */
export function delimiterOf(b: Uint8Array, from: number, to: number): number {
  let best = DELIMITERS.length;
  const ranks = DELIMITER_RANK;
  for (let at = from; at < to && best > 0; at += 1) {
    // In bounds: at < to.
    const rank = ranks[b[at] as number] as number;
    if (rank < best) best = rank;
  }
  return DELIMITERS[best] ?? 0;
}

/** How many cells a line has. */
export function countCells(b: Uint8Array, from: number, to: number, delimiter: number): number {
  let count = 0;
  cells(b, from, to, delimiter, () => {
    count += 1;
    return true;
  });
  return count;
}

/**
 * Calls back with each cell's span, without its quotes and outer spaces. Bars at a line's edges belong to no cell.
 * @returns false where the callback did.
 */
export function cells(
  b: Uint8Array,
  lineFrom: number,
  lineTo: number,
  delimiter: number,
  cell: (from: number, to: number, index: number) => boolean,
): boolean {
  let [from, to] = trimmed(b, lineFrom, lineTo);
  if (delimiter === 0x7c) {
    if (b[from] === 0x7c) from += 1;
    if (to > from && b[to - 1] === 0x7c) to -= 1;
  }
  let begin = from;
  let quoted = false;
  let index = 0;
  for (let at = from; at <= to; at += 1) {
    const byte = at < to ? (b[at] ?? 0) : delimiter;
    if (byte === 0x22 && at < to) quoted = !quoted;
    if (byte !== delimiter && !(delimiter === 0x7c && byte === 0x2b && isRule(b, begin, at))) continue;
    if (quoted && at < to) continue;
    let [cellFrom, cellTo] = trimmed(b, begin, at);
    if (cellTo - cellFrom >= 2 && b[cellFrom] === 0x22 && b[cellTo - 1] === 0x22) {
      cellFrom += 1;
      cellTo -= 1;
    }
    if (!cell(cellFrom, cellTo, index)) return false;
    index += 1;
    begin = at + 1;
  }
  return true;
}

/** Whether a span is a drawn line ("-----", ":---:"), as between a head and its rows. */
export function isRule(b: Uint8Array, from: number, to: number): boolean {
  let dashes = 0;
  for (let at = from; at < to; at += 1) {
    const byte = b[at] ?? 0;
    if (byte === 0x2d) dashes += 1;
    else if (byte !== 0x3a && byte !== SPACE && byte !== 0x7c && byte !== 0x2b && byte !== 0x0d) return false;
  }
  return dashes > 0;
}

function trimmed(b: Uint8Array, from: number, to: number): [number, number] {
  let start = from;
  let end = to;
  while (start < end && ((b[start] ?? 0) === SPACE || b[start] === 0x0d)) start += 1;
  while (end > start && ((b[end - 1] ?? 0) === SPACE || b[end - 1] === 0x0d)) end -= 1;
  return [start, end];
}
