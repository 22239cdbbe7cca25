import type { ColumnType, Generated } from 'kysely';

/**
 * The tables as Kysely sees them; packages/gateway/migrations is what makes them. A room that adds a table adds its
 * interface here.
 *
 * bigint and int8 columns are read as text by pg; where a number is wanted, the query casts or the room converts.
 */
export interface Database {
  audit_entries: AuditEntriesTable;
  documents: DocumentsTable;
  registry_version: RegistryVersionTable;
  tokens: TokensTable;
}

type Instant = ColumnType<Date, Date | string, Date | string>;
/** pg reads bigint as text, so that no digit is lost. */
type BigInteger = ColumnType<string, number | string | bigint, never>;

export interface AuditEntriesTable {
  slot: number;
  seq: BigInteger;
  ts: Instant;
  kind: string;
  leaf: string;
  leaf_hash: Buffer;
  principal: string | null;
  session: string | null;
  call: string | null;
  server: string | null;
  tool: string | null;
}

export interface DocumentsTable {
  kind: string;
  name: string;
  /** Canonical by `digest`; jsonb itself does not keep the order of members. */
  spec: ColumnType<unknown, string, string>;
  digest: string;
  updated_at: Instant;
  updated_by: string;
}

export interface RegistryVersionTable {
  /** Always true: the table has one row. */
  one_row: Generated<boolean>;
  version: ColumnType<string, number, number>;
}

export interface TokensTable {
  id: string;
  service_account: string;
  secret_hash: Buffer;
  created_at: Instant;
  created_by: string;
  expires_at: Instant;
  revoked_at: ColumnType<Date | null, Date | string | null, Date | string | null>;
}
