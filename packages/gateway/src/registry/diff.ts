import { stringify } from 'yaml';
import type { CheckedDocument } from './check.ts';
import { KINDS } from './kinds/index.ts';
import { DIFF_CONTEXT_LINES, DIFF_MAX_LINES } from './limits.ts';

/** The YAML form of a document: kind, name, then the members in the order of the kind's schema. */
export function yamlForm({ kind, name, spec }: CheckedDocument): string {
  const members: Record<string, unknown> = { kind, name };
  for (const key of Object.keys(KINDS[kind].spec.properties)) {
    const value = Object.entries(spec).find(([member]) => member === key)?.[1];
    if (value !== undefined) members[key] = value;
  }
  return stringify(members, { lineWidth: 0 });
}

/** Lines of a unified diff; empty when the texts are the same. */
export function unifiedDiff(before: string, after: string): string {
  if (before === after) return '';
  const lines = compare(linesOf(before), linesOf(after));
  const shown = lines.map((_, index) => {
    const from = Math.max(0, index - DIFF_CONTEXT_LINES);
    return lines.slice(from, index + DIFF_CONTEXT_LINES + 1).some(({ mark }) => mark !== ' ');
  });
  let text = '';
  let [oldLine, newLine] = [1, 1];
  for (const [index, { mark, line }] of lines.entries()) {
    if (shown[index] === true) {
      if (shown[index - 1] !== true) text += hunkHeader(lines, shown, index, oldLine, newLine);
      text += `${mark}${line}\n`;
    }
    if (mark !== '+') oldLine += 1;
    if (mark !== '-') newLine += 1;
  }
  return text;
}

interface DiffLine {
  readonly mark: ' ' | '-' | '+';
  readonly line: string;
}

function hunkHeader(
  lines: readonly DiffLine[],
  shown: readonly boolean[],
  start: number,
  oldLine: number,
  newLine: number,
): string {
  let end = start;
  while (shown[end] === true) end += 1;
  const hunk = lines.slice(start, end);
  const olds = hunk.filter(({ mark }) => mark !== '+').length;
  const news = hunk.filter(({ mark }) => mark !== '-').length;
  // A side without lines is counted from the line before, as diff does.
  return `@@ -${olds === 0 ? oldLine - 1 : oldLine},${olds} +${news === 0 ? newLine - 1 : newLine},${news} @@\n`;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** The longest common subsequence of lines, after cutting off what both begin and end with. */
function compare(before: readonly string[], after: readonly string[]): DiffLine[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const kept = (line: string): DiffLine => ({ mark: ' ', line });
  return [
    ...before.slice(0, head).map(kept),
    ...compareMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(kept),
  ];
}

function compareMiddle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const removed = before.map((line): DiffLine => ({ mark: '-', line }));
  const added = after.map((line): DiffLine => ({ mark: '+', line }));
  if (before.length === 0 || after.length === 0 || Math.max(before.length, after.length) > DIFF_MAX_LINES) {
    return [...removed, ...added];
  }
  // lengths[i][j]: longest common subsequence of the lines from i and from j on.
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const row = lengths[i];
    if (row === undefined) continue;
    for (let j = after.length - 1; j >= 0; j -= 1) {
      row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      lines.push({ mark: ' ', line: before[i] ?? '' });
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      lines.push({ mark: '-', line: before[i] ?? '' });
      i += 1;
    } else {
      lines.push({ mark: '+', line: after[j] ?? '' });
      j += 1;
    }
  }
  return [...lines, ...removed.slice(i), ...added.slice(j)];
}
