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
  const count = readCells(b, from, to, delimiter);
  if (count < 2 || count > TABLE_MAX_COLUMNS) return null;
  const columns: Column[] = [];
  let useful = false;
  for (let index = 0; index < count; index += 1) {
    const column = columnOf(plan, b, cellFrom(index), cellTo(index));
    if (column === null) return null;
    useful ||= column.bits !== 0 || column.rule >= 0;
    columns.push(column);
  }
  if (!useful) return null;
  return readCells(b, nextFrom, lineEnd(b, nextFrom, textTo), delimiter) === count
    ? { delimiter, columns }
    : null;
}

/** What a head's cell says; null where it is no name. */
function columnOf(plan: MaskingPlan, b: Uint8Array, from: number, to: number): Column | null {
  if (to - from > 64) return null;
  for (let at = from; at < to; at += 1) if (!isNameByte(b[at] ?? 0)) return null;
  const rule = plan.columnNames.size === 0 ? -1 : (plan.columnNames.get(plainNameOf(b, from, to)) ?? -1);
  return { bits: meaningOfName(b, from, to), rule };
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

/** Cells of a line: spans one after the other, used again for every line. */
const spans = new Int32Array(2 * (TABLE_MAX_COLUMNS + 4));

/** How many lines have been read: tells whether the spans are still those of one's own line. */
let linesRead = 0;

export function cellsRead(): number {
  return linesRead;
}

/** Begin and end of the cell `index` of the line read last. */
export function cellFrom(index: number): number {
  return spans[2 * index] ?? 0;
}

export function cellTo(index: number): number {
  return spans[2 * index + 1] ?? 0;
}

/**
 * Reads a line's cells, without their quotes and outer spaces. Bars at a line's edges belong to no cell.
 * @returns how many there are; one more than a table may have where there are too many.
 */
export function readCells(b: Uint8Array, lineFrom: number, lineTo: number, delimiter: number): number {
  linesRead += 1;
  let from = skipBlank(b, lineFrom, lineTo);
  let to = backOverBlank(b, from, lineTo);
  if (delimiter === 0x7c) {
    if (b[from] === 0x7c) from += 1;
    if (to > from && b[to - 1] === 0x7c) to -= 1;
  }
  let begin = from;
  let quoted = false;
  let count = 0;
  for (let at = from; at <= to; at += 1) {
    const byte = at < to ? (b[at] as number) : delimiter;
    if (byte === 0x22 && at < to) quoted = !quoted;
    if (byte !== delimiter && !(byte === 0x2b && delimiter === 0x7c && isRule(b, begin, at))) continue;
    if (quoted && at < to) continue;
    if (count > TABLE_MAX_COLUMNS) return count;
    putCell(b, begin, at, count);
    count += 1;
    begin = at + 1;
  }
  return count;
}

function putCell(b: Uint8Array, from: number, to: number, index: number): void {
  let start = skipBlank(b, from, to);
  let end = backOverBlank(b, start, to);
  if (end - start >= 2 && b[start] === 0x22 && b[end - 1] === 0x22) {
    start += 1;
    end -= 1;
  }
  spans[2 * index] = start;
  spans[2 * index + 1] = end;
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

function skipBlank(b: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (b[at] === SPACE || b[at] === 0x0d)) at += 1;
  return at;
}

function backOverBlank(b: Uint8Array, from: number, to: number): number {
  let at = to;
  while (at > from && (b[at - 1] === SPACE || b[at - 1] === 0x0d)) at -= 1;
  return at;
}
