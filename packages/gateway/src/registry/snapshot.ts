import type { Store } from '../store/index.ts';
import { isKind } from './kinds/index.ts';
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
  const snapshot = {
    version: Number(rows[0]?.version ?? 0),
    servers: new Map<string, Document<'Server'>>(),
    policies: new Map<string, Document<'Policy'>>(),
    groups: new Map<string, Document<'Group'>>(),
    serviceAccounts: new Map<string, Document<'ServiceAccount'>>(),
  };
  for (const row of rows) {
    const { kind } = row;
    // A newer gateway beside this one may have stored kinds this one does not know.
    if (kind === null || !isKind(kind)) continue;
    if (kind === 'Server') snapshot.servers.set(row.name, documentOf(kind, row));
    else if (kind === 'Policy') snapshot.policies.set(row.name, documentOf(kind, row));
    else if (kind === 'Group') snapshot.groups.set(row.name, documentOf(kind, row));
    else snapshot.serviceAccounts.set(row.name, documentOf(kind, row));
  }
  return Object.freeze(snapshot);
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

/** A document of any kind. */
export function findDocument(snapshot: Snapshot, kind: DocumentKind, name: string): Document | undefined {
  return documentsOf(snapshot, kind).get(name);
}

function documentsOf(snapshot: Snapshot, kind: DocumentKind): ReadonlyMap<string, Document> {
  switch (kind) {
    case 'Server':
      return snapshot.servers;
    case 'Policy':
      return snapshot.policies;
    case 'Group':
      return snapshot.groups;
    case 'ServiceAccount':
      return snapshot.serviceAccounts;
  }
}
