import { open, rename, rm } from 'node:fs/promises';
import type { Leaf } from '@sallyport/shared/audit-events';
import { type ColumnSource, fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { PARQUET_ROW_GROUP } from '../limits.ts';
import { type Pages, refuseExisting } from './export-events.ts';

type Row = Readonly<Record<string, unknown>>;

/** Columns in the order of the file. Lists and maps are JSON; `leaf` is the entry's exact text, which is what is proven. */
const COLUMNS = [
  ['seq', 'INT64'],
  ['ts', 'TIMESTAMP'],
  ['kind', 'STRING'],
  ['id', 'STRING'],
  ['origin', 'STRING'],
  ['actor_kind', 'STRING'],
  ['actor', 'STRING'],
  ['token', 'STRING'],
  ['session', 'STRING'],
  ['call', 'STRING'],
  ['server', 'STRING'],
  ['agent', 'STRING'],
  ['tool', 'STRING'],
  ['method', 'STRING'],
  ['effect', 'STRING'],
  ['policies', 'JSON'],
  ['grant', 'STRING'],
  ['approval', 'STRING'],
  ['transport', 'STRING'],
  ['findings', 'JSON'],
  ['duration_ms', 'INT32'],
  ['source_ip', 'STRING'],
  ['client', 'STRING'],
  ['leaf', 'STRING'],
  ['leaf_hash', 'STRING'],
] as const;

/**
 * Writes entries into a Parquet file, one row each. The file has its name only when it is whole and durable.
 *
 * @returns how many there are.
 * @throws CliError when the file is there already.
 */
export async function writeParquet(file: string, begin: () => Pages): Promise<number> {
  const unfinished = `${file}.unfinished`;
  await refuseExisting(file);
  let rows: Row[] = [];
  let written = 0;
  try {
    const schema = schemaFromColumnData({ columnData: columnsOf([]) });
    const writer = new ParquetWriter({ writer: fileWriter(unfinished), schema, createdBy: 'Sallyport' });
    const flush = async (): Promise<void> => {
      if (rows.length > 0) await writer.write({ columnData: columnsOf(rows), rowGroupSize: rows.length });
      written += rows.length;
      rows = [];
    };
    for await (const page of begin()) {
      for (const { leaf, leafHash } of page) rows.push(rowOf(leaf, leafHash));
      if (rows.length >= PARQUET_ROW_GROUP) await flush();
    }
    await flush();
    await writer.finish();
    const handle = await open(unfinished, 'r+');
    await handle.sync();
    await handle.close();
  } catch (thrown) {
    await rm(unfinished, { force: true });
    throw thrown;
  }
  await rename(unfinished, file);
  return written;
}

function columnsOf(rows: readonly Row[]): ColumnSource[] {
  return COLUMNS.map(([name, type]) => ({ name, type, nullable: true, data: rows.map((row) => row[name]) }));
}

/** What is read of an entry beside what events have. */
type FullLeaf = Leaf & {
  readonly agent?: string;
  readonly grant?: string;
  readonly approval?: string;
  readonly decision?: { readonly policies?: readonly string[] };
  readonly response?: { readonly findings?: Readonly<Record<string, number>> };
};

function rowOf(leaf: string, leafHash: string): Row {
  const entry = JSON.parse(leaf) as FullLeaf; // the log's own canonical JSON of an entry
  const { actor, decision, outcome, response, source } = entry;
  return {
    seq: BigInt(entry.seq),
    ts: new Date(entry.ts),
    kind: entry.kind,
    id: entry.id,
    origin: entry.origin,
    actor_kind: actor?.kind,
    actor: actor?.name,
    token: actor?.token,
    session: entry.session,
    call: entry.call,
    server: entry.server,
    agent: entry.agent,
    tool: entry.tool,
    method: entry.method,
    effect: decision?.effect,
    policies: decision?.policies,
    grant: entry.grant,
    approval: entry.approval,
    transport: outcome?.transport,
    findings: response?.findings,
    duration_ms: entry.duration,
    source_ip: source?.ip,
    client: source?.client,
    leaf,
    leaf_hash: leafHash,
  };
}
