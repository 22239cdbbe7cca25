-- Up Migration

-- Configuration documents as they are in force. History is in the audit log (config.change).
CREATE TABLE documents (
  kind text NOT NULL,
  name text NOT NULL,
  spec jsonb NOT NULL,
  digest text NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  PRIMARY KEY (kind, name)
);

-- One row: the version that all documents together have. Locking it makes changes take turns.
CREATE TABLE registry_version (
  one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  version bigint NOT NULL
);
INSERT INTO registry_version (version) VALUES (0);
