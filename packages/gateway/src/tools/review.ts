import { differences } from './difference.ts';
import { marksOf } from './marks.ts';
import { loadDefinition, type Queryable, type ToolRow } from './table.ts';
import type { Review } from './types.ts';
import { visible } from './visible.ts';

/** What a reviewer needs to see of a tool, read from the definitions that are kept. */
export async function reviewOf(db: Queryable, row: ToolRow, known: ReadonlySet<string>): Promise<Review> {
  const definition = (await loadDefinition(db, row.seen ?? row.pinned ?? row.first)) ?? '{}';
  const pinned =
    row.pinned === undefined || row.pinned === row.seen ? undefined : await loadDefinition(db, row.pinned);
  const others = new Set(known);
  others.delete(row.tool);
  return {
    definition: visible(laidOut(definition)),
    marks: marksOf(definition, others),
    differences: pinned === undefined ? [] : differences(pinned, definition),
  };
}

/** Canonical JSON in lines of two spaces' indent. Only white space is added: numbers and texts stay as they are. */
function laidOut(canonical: string): string {
  let depth = 0;
  let out = '';
  for (const [token] of canonical.matchAll(TOKEN)) {
    if (token === '}' || token === ']') {
      depth -= 1;
      out += lineAt(depth);
    }
    out += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') depth += 1;
    if (token === '{' || token === '[' || token === ',') out += lineAt(depth);
  }
  return out;
}

/** A text, an empty object or array, a mark of JSON, or a number or word. */
const TOKEN = /"(?:[^"\\]|\\.)*"|\{\}|\[\]|[{}[\],:]|[^"{}[\],:]+/g;

function lineAt(depth: number): string {
  return `\n${'  '.repeat(depth)}`;
}
