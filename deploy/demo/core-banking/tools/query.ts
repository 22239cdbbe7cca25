import type { McpServer } from '@modelcontextprotocol/server';
import pg from 'pg';
import * as z from 'zod';
import type { Bank } from '../database.ts';
import { BankError, codeOf, isUnavailable } from '../errors.ts';
import { QUERY_CELL_CHARACTERS_MAX, QUERY_ROWS_MAX, QUERY_TEXT_CHARACTERS_MAX } from '../limits.ts';
import { answer, guarded } from './answer.ts';

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
type Cell = z.infer<typeof cell>;

interface Outcome {
  command: string;
  columns: string[];
  rows: Cell[][];
  row_count: number;
  truncated: boolean;
}

/** `run_query`: one SQL statement, executed as the bank's owner. Deliberately powerful: it is what a gateway must govern. */
export function registerRunQuery(server: McpServer, bank: Bank): void {
  server.registerTool(
    'run_query',
    {
      title: 'Run SQL',
      description:
        'Executes one SQL statement (Postgres) on the bank. Tables: customers, accounts, cards, payments. ' +
        `Changes are committed. At most ${QUERY_ROWS_MAX} rows come back. Synthetic data.`,
      inputSchema: z.strictObject({
        sql: z.string().trim().min(1).max(QUERY_TEXT_CHARACTERS_MAX).describe('One SQL statement'),
      }),
      outputSchema: z.object({
        command: z.string(),
        columns: z.array(z.string()),
        rows: z.array(z.array(cell)),
        row_count: z.int(),
        truncated: z.boolean(),
      }),
      annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: false },
    },
    guarded(async ({ sql }) => {
      // A connection of its own: SET, temporary tables and open transactions end with it.
      const outcome = await bank.apart((client) => execute(client, sql));
      return answer(render(outcome), { ...outcome });
    }),
  );
}

/** Runs the statement by the extended protocol, in which Postgres itself refuses more than one. */
function execute(client: pg.Client, sql: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const rows: Cell[][] = [];
    let rowCount = 0;
    // `queryMode` and `rowMode` are read by pg 8 but missing from its types for Query.
    const query = new pg.Query<Cell[]>({
      text: sql,
      queryMode: 'extended',
      rowMode: 'array',
    } as pg.QueryConfig);
    // Rows past the bound are counted and dropped as they come, so memory stays bounded whatever is selected.
    query.on('row', (row: unknown[]) => {
      rowCount += 1;
      if (rows.length < QUERY_ROWS_MAX) rows.push(row.map(toCell));
    });
    query.on('error', (error: unknown) => reject(explain(error)));
    query.on('end', (result: pg.QueryResult) => {
      resolve({
        command: result.command ?? '',
        columns: result.fields.map((field) => field.name),
        rows,
        row_count: result.fields.length > 0 ? rowCount : (result.rowCount ?? 0),
        truncated: rowCount > rows.length,
      });
    });
    client.query(query);
  });
}

/** Postgres's own words, its SQLSTATE and hint: what whoever wrote the statement needs to mend it. */
function explain(error: unknown): unknown {
  if (!(error instanceof Error) || isUnavailable(error)) return error;
  const hint = 'hint' in error && typeof error.hint === 'string' ? ` Hint: ${error.hint}` : '';
  const state = codeOf(error);
  return new BankError(
    'query_failed',
    `Postgres refused the statement${state ? ` (${state})` : ''}: ${error.message}.${hint}`,
    { cause: error },
  );
}

function toCell(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean' || typeof value === 'number') return value;
  const text =
    value instanceof Date ? value.toISOString() : typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > QUERY_CELL_CHARACTERS_MAX ? `${text.slice(0, QUERY_CELL_CHARACTERS_MAX)}…` : text;
}

function render(outcome: Outcome): string {
  if (outcome.columns.length === 0) return `${outcome.command}: ${outcome.row_count} rows changed.`;
  const lines = [outcome.columns, ...outcome.rows].map((row) =>
    row.map((value) => (value === null ? 'NULL' : String(value))).join(' | '),
  );
  const tail = outcome.truncated
    ? `\n${outcome.row_count} rows; the first ${outcome.rows.length} are shown.`
    : `\n${outcome.row_count} rows.`;
  return lines.join('\n') + tail;
}
