import type { Store } from '../store/index.ts';
import { isKind, KIND_NAMES } from './kinds/index.ts';
import type { Document, DocumentKind, Snapshot, SpecOf } from './types.ts';

interface Row {
  readonly version: string;
  readonly kind: string | null;
  readonly name: string;
  readonly spec: unknown;
  readonly digest: string;
  readonly updated_at: Date;
  readonly updated_by: string;
}

/** Anything that runs a statement: the pool, or a transaction's connection. */
export interface Queryable {
  query<R extends object>(text: string, values?: unknown[]): Promise<{ rows: R[] }>;
}

// One statement sees one state of the database, so the version is that of exactly these documents.
const LOAD = `
  SELECT v.version, d.kind, d.name, d.spec, d.digest, d.updated_at, d.updated_by
  FROM registry_version v LEFT JOIN documents d ON true ORDER BY d.kind, d.name`;

/** Reads all documents at the current version. */
export async function loadSnapshot(from: Queryable): Promise<Snapshot> {
  const { rows } = await from.query<Row>(LOAD);
  // Cast: a map for each kind there is, and a document is only put into the map of its own.
  const byKind = Object.fromEntries(KIND_NAMES.map((kind) => [kind, new Map()])) as unknown as {
    [K in DocumentKind]: Map<string, Document<K>>;
  };
  for (const row of rows) {
    const { kind } = row;
    // A newer gateway beside this one may have stored kinds this one does not know.
    if (kind !== null && isKind(kind)) put(byKind[kind], documentOf(kind, row));
  }
  return Object.freeze({
    version: Number(rows[0]?.version ?? 0),
    servers: byKind.Server,
    policies: byKind.Policy,
    groups: byKind.Group,
    serviceAccounts: byKind.ServiceAccount,
    of: <K extends DocumentKind>(kind: K): ReadonlyMap<string, Document<K>> => byKind[kind],
  });
}

function put(map: Map<string, Document>, document: Document): void {
  map.set(document.name, document);
}

/** Reads the version alone. */
export async function readVersion(store: Store): Promise<number> {
  const row = await store.db.selectFrom('registry_version').select('version').executeTakeFirstOrThrow();
  return Number(row.version);
}

function documentOf<K extends DocumentKind>(kind: K, row: Row): Document<K> {
  // Only apply writes documents, and only such as the kind's schema has accepted.
  const spec = row.spec as SpecOf[K];
  Object.freeze(spec);
  return {
    kind,
    name: row.name,
    spec,
    digest: row.digest,
    updatedAt: row.updated_at.toISOString(),
    updatedBy: row.updated_by,
  };
}
