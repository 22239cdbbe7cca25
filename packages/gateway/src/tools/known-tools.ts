import { type Guess, guessesOf } from './guesses.ts';
import { KNOWN_SCHEMAS_MAX } from './limits.ts';
import { loadDefinitions, loadTools, type Queryable, type ToolRow } from './table.ts';

/** A tool as policies are checked against it. */
export interface KnownTool {
  readonly name: string;
  /** Whether a definition of it was reviewed. */
  readonly pinned: boolean;
  /** Input schemas, as the definitions give them: the pinned one, and the one that is shown now where it differs. */
  readonly schemas: readonly unknown[];
  /** Arguments that look as if a reader should be declared for them. */
  readonly likely: readonly Guess[];
}

interface Read {
  readonly schema: unknown;
  readonly guesses: readonly Guess[];
}

/** Reads what servers define; definitions never change under their digest, so those read before are remembered. */
export class KnownTools {
  readonly #db: Queryable;
  readonly #read = new Map<string, Read>();

  constructor(db: Queryable) {
    this.#db = db;
  }

  /** Tools by server, but for those that were turned down and those that are gone without ever having been pinned. */
  async all(): Promise<Map<string, KnownTool[]>> {
    const rows = (await loadTools(this.#db)).filter((row) => digestsOf(row).length > 0);
    await this.#load(rows);
    const byServer = new Map<string, KnownTool[]>();
    for (const row of rows) {
      const tools = byServer.get(row.server) ?? [];
      byServer.set(row.server, tools);
      const read = digestsOf(row).flatMap((digest) => this.#read.get(digest) ?? []);
      tools.push({
        name: row.tool,
        pinned: row.pinned !== undefined,
        schemas: read.map(({ schema }) => schema),
        likely: read.at(-1)?.guesses ?? [],
      });
    }
    return byServer;
  }

  async #load(rows: readonly ToolRow[]): Promise<void> {
    const needed = new Set(rows.flatMap(digestsOf));
    if (this.#read.size > KNOWN_SCHEMAS_MAX) this.#read.clear();
    const unread = [...needed].filter((digest) => !this.#read.has(digest));
    for (const { digest, definition } of await loadDefinitions(this.#db, unread)) {
      // Cast: a definition is an object; its members are anything.
      const parsed = JSON.parse(definition) as {
        name?: unknown;
        description?: unknown;
        inputSchema?: unknown;
      };
      this.#read.set(digest, { schema: parsed.inputSchema, guesses: guessesOf(parsed) });
    }
  }
}

/** What is pinned, then what awaits a review. */
function digestsOf({ pinned, seen, state }: ToolRow): string[] {
  const shown = state === 'awaiting-review' || state === 'changed' ? seen : undefined;
  return [pinned, shown].filter((digest) => digest !== undefined);
}
