import type { Store } from '../../store/index.ts';
import type { ExportedPartition } from './types.ts';

/** A partition as the database has it, without what is in it. */
export interface Partition {
  readonly name: string;
  /** Undefined for the beginning of the log. */
  readonly fromMs: number | undefined;
  readonly untilMs: number;
  readonly bytes: number;
  readonly dropped?: {
    readonly from: number;
    readonly until: number;
    readonly entry: number;
    readonly at: string;
    readonly fields: unknown;
  };
  readonly exported?: ExportedPartition;
}

/** Entries of one kind and server in a partition. */
export interface Group {
  readonly slot: number;
  readonly kind: string;
  readonly server: string | null;
  readonly entries: number;
  readonly from: number;
  readonly until: number;
}

const PARTITIONS = `
  SELECT p.name, CASE WHEN isfinite(p.from_at) THEN p.from_at END AS from_at, p.until_at,
         (SELECT coalesce(sum(pg_total_relation_size(to_regclass(t || p.name))), 0)
            FROM unnest(ARRAY['audit_entries_', 'audit_bodies_', 'audit_originals_']) AS t) AS bytes,
         d.from_seq, d.until_seq, d.entry_seq, d.at AS dropped_at, d.fields,
         x.from_seq AS x_from, x.until_seq AS x_until, x.size, x.checkpoint, x.location, x.manifest, x.verified_at
    FROM audit_partitions p LEFT JOIN audit_drops d USING (name) LEFT JOIN audit_retention_exports x USING (name)
   ORDER BY p.until_at`;

/** All partitions there are and were, oldest first. */
export async function readPartitions({ pool }: Store): Promise<Partition[]> {
  const { rows } = await pool.query(PARTITIONS);
  return rows.map((row) => ({
    name: row.name,
    fromMs: row.from_at?.getTime(),
    untilMs: row.until_at.getTime(),
    bytes: Number(row.bytes),
    ...(row.dropped_at === null
      ? {}
      : {
          dropped: {
            from: Number(row.from_seq),
            until: Number(row.until_seq),
            entry: Number(row.entry_seq),
            at: row.dropped_at.toISOString(),
            fields: row.fields,
          },
        }),
    ...(row.verified_at === null
      ? {}
      : {
          exported: {
            from: Number(row.x_from),
            until: Number(row.x_until),
            size: Number(row.size),
            checkpoint: Number(row.checkpoint),
            location: row.location,
            manifest: row.manifest,
            verifiedAt: row.verified_at.toISOString(),
          },
        }),
  }));
}

/** What is in a partition: reads it whole, once. */
export async function readGroups(store: Store, { fromMs, untilMs }: Partition): Promise<Group[]> {
  const client = await store.dedicated('audit retention');
  try {
    // A month of many million entries takes longer than a statement else may.
    await client.query('SET statement_timeout = 0');
    const { rows } = await client.query(
      `SELECT slot, kind, server, count(*) AS entries, min(seq) AS from, max(seq) + 1 AS until FROM audit_entries
        WHERE ts >= $1::timestamptz AND ts < $2::timestamptz GROUP BY slot, kind, server`,
      [fromMs === undefined ? '-infinity' : new Date(fromMs), new Date(untilMs)],
    );
    return rows.map(({ slot, kind, server, entries, from, until }) => ({
      slot,
      kind,
      server,
      entries: Number(entries),
      from: Number(from),
      until: Number(until),
    }));
  } finally {
    await client.end();
  }
}

/** Seq of the first entry that is left of a log. */
export async function readFirst({ pool }: Store, slot: number): Promise<number> {
  const { rows } = await pool.query<{ first: string }>(
    'SELECT coalesce(max(until_seq), 0) AS first FROM audit_drops WHERE slot = $1',
    [slot],
  );
  return Number(rows[0]?.first ?? 0);
}

/** The instant by the database's clock, milliseconds since 1970. */
export async function databaseNow({ pool }: Store): Promise<number> {
  const { rows } = await pool.query<{ now: Date }>('SELECT now() AS now');
  return rows[0]?.now.getTime() ?? 0;
}

/** Holds in force that reach into entries [from, until), whoever's of them they cover. */
export async function holdsOver({ pool }: Store, from: number, until: number): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM audit_holds WHERE released_at IS NULL
        AND (scope ->> 'from')::bigint < $2 AND (scope ->> 'until')::bigint > $1 ORDER BY id`,
    [from, until],
  );
  return rows.map(({ id }) => id);
}

/** The oldest anchored checkpoint that covers entries before `until`. */
export async function anchorOver(
  { pool }: Store,
  slot: number,
  until: number,
): Promise<{ anchor: string; checkpoint: number; size: number; location: string } | undefined> {
  const { rows } = await pool.query(
    'SELECT anchor, number, size, location FROM audit_anchors WHERE slot = $1 AND size >= $2 ORDER BY size, anchor LIMIT 1',
    [slot, until],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    anchor: row.anchor,
    checkpoint: Number(row.number),
    size: Number(row.size),
    location: row.location,
  };
}

/** Keeps what is known of an export, in the place of an earlier one. */
export async function keepExport({ pool }: Store, name: string, made: ExportedPartition): Promise<void> {
  const { from, until, size, checkpoint, location, manifest, verifiedAt } = made;
  await pool.query(
    `INSERT INTO audit_retention_exports (name, from_seq, until_seq, size, checkpoint, location, manifest, verified_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (name) DO UPDATE SET from_seq = $2, until_seq = $3, size = $4, checkpoint = $5, location = $6,
       manifest = $7, verified_at = $8`,
    [name, from, until, size, checkpoint, location, manifest, verifiedAt],
  );
}
