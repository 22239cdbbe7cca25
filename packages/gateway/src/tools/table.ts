import type { Known, ToolState } from './drift.ts';

/** What can run a statement: the pool, or a connection within a transaction. */
export interface Queryable {
  query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
}

/** What is known of one tool of one server, and the last decision on it. */
export interface ToolRow extends Known {
  readonly server: string;
  readonly tool: string;
  readonly state: ToolState;
  readonly changedAt: string;
  readonly decidedAt?: string;
  readonly decidedBy?: string;
  readonly reason?: string;
}

export interface ToolQuery {
  readonly server?: string;
  readonly tool?: string;
  readonly state?: ToolState;
  /** Continues behind this tool. */
  readonly after?: { readonly server: string; readonly tool: string };
  readonly limit: number;
}

export interface Decision {
  readonly by: string;
  readonly atMs: number;
  readonly reason: string;
}

interface Row {
  readonly server: string;
  readonly tool: string;
  readonly state: ToolState;
  readonly first: string;
  readonly seen: string | null;
  readonly pinned: string | null;
  readonly rejected: string[];
  readonly probed: boolean;
  readonly changed_at: Date;
  readonly decided_at: Date | null;
  readonly decided_by: string | null;
  readonly reason: string | null;
}

/** Two that change tools of one server take turns, also where they are two replicas. Until the transaction's end. */
export async function lockServer(db: Queryable, server: string): Promise<void> {
  await db.query(`SELECT pg_advisory_xact_lock(hashtextextended('tool_pins:' || $1, 0))`, [server]);
}

export async function loadTools(db: Queryable, server?: string): Promise<ToolRow[]> {
  const { rows } = await db.query(
    'SELECT * FROM tool_pins WHERE $1::text IS NULL OR server = $1 ORDER BY server, tool',
    [server ?? null],
  );
  return rows.map(toolOf);
}

export async function listTools(db: Queryable, query: ToolQuery): Promise<ToolRow[]> {
  const { rows } = await db.query(
    `SELECT * FROM tool_pins
     WHERE ($1::text IS NULL OR server = $1) AND ($2::text IS NULL OR tool = $2) AND ($3::text IS NULL OR state = $3)
       AND ($4::text IS NULL OR (server, tool) > ($4, $5))
     ORDER BY server, tool LIMIT $6`,
    [
      query.server ?? null,
      query.tool ?? null,
      query.state ?? null,
      query.after?.server ?? null,
      query.after?.tool ?? null,
      query.limit,
    ],
  );
  return rows.map(toolOf);
}

/** Keeps definitions; those known are left as they are. */
export async function keepDefinitions(
  db: Queryable,
  definitions: readonly { readonly digest: string; readonly canonical: string }[],
  nowMs: number,
): Promise<void> {
  if (definitions.length === 0) return;
  await db.query(
    `INSERT INTO tool_definitions (digest, definition, first_seen)
     SELECT digest, definition, $3 FROM unnest($1::text[], $2::text[]) AS given (digest, definition)
     ON CONFLICT (digest) DO NOTHING`,
    [definitions.map(({ digest }) => digest), definitions.map(({ canonical }) => canonical), new Date(nowMs)],
  );
}

export async function loadDefinition(db: Queryable, digest: string): Promise<string | undefined> {
  const { rows } = await db.query('SELECT definition FROM tool_definitions WHERE digest = $1', [digest]);
  // Cast: the statement selects this column.
  return (rows[0] as { definition: string } | undefined)?.definition;
}

/** Several definitions at once; those that are not kept are left out. */
export async function loadDefinitions(
  db: Queryable,
  digests: readonly string[],
): Promise<{ readonly digest: string; readonly definition: string }[]> {
  if (digests.length === 0) return [];
  const { rows } = await db.query(
    'SELECT digest, definition FROM tool_definitions WHERE digest = ANY($1::text[])',
    [digests],
  );
  // Cast: the statement selects these columns.
  return rows as { digest: string; definition: string }[];
}

/** Writes what is known of tools now. */
export async function saveTools(
  db: Queryable,
  server: string,
  tools: readonly { readonly tool: string; readonly known: Known; readonly decision?: Decision }[],
  nowMs: number,
): Promise<ToolRow[]> {
  const saved: ToolRow[] = [];
  for (const { tool, known, decision } of tools) {
    const { rows } = await db.query(
      `INSERT INTO tool_pins (server, tool, first, seen, pinned, rejected, probed, changed_at, decided_at, decided_by, reason)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
       ON CONFLICT (server, tool) DO UPDATE SET seen = excluded.seen, pinned = excluded.pinned,
         rejected = excluded.rejected, probed = excluded.probed, changed_at = excluded.changed_at,
         decided_at = coalesce(excluded.decided_at, tool_pins.decided_at),
         decided_by = coalesce(excluded.decided_by, tool_pins.decided_by),
         reason = coalesce(excluded.reason, tool_pins.reason)
       RETURNING *`,
      [
        server,
        tool,
        known.first,
        known.seen ?? null,
        known.pinned ?? null,
        known.rejected,
        known.probed,
        new Date(nowMs),
        decision === undefined ? null : new Date(decision.atMs),
        decision?.by ?? null,
        decision?.reason ?? null,
      ],
    );
    saved.push(...rows.map(toolOf));
  }
  return saved;
}

function toolOf(row: unknown): ToolRow {
  // Cast: the statements above select whole rows of this table.
  const { seen, pinned, changed_at, decided_at, decided_by, reason, ...rest } = row as Row;
  return {
    ...rest,
    seen: seen ?? undefined,
    pinned: pinned ?? undefined,
    changedAt: changed_at.toISOString(),
    ...(decided_at === null ? {} : { decidedAt: decided_at.toISOString() }),
    ...(decided_by === null ? {} : { decidedBy: decided_by }),
    ...(reason === null ? {} : { reason }),
  };
}
