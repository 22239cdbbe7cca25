-- Up Migration

-- The Merkle tree over the log (RFC 6962), as far as it must be kept: the roots of complete subtrees of 256 leaves
-- (level 8), of 256 of those (level 16), and so on: the hashes of C2SP tlog-tiles above its lowest level, which is
-- audit_entries.leaf_hash. Written by the statement that writes the entry which completes the subtree. All else is
-- computed from at most 255 hashes of each level, so a start never hashes the whole log.
CREATE TABLE audit_subtrees (
  slot integer NOT NULL,
  level integer NOT NULL CHECK (level > 0 AND level % 8 = 0),
  index bigint NOT NULL CHECK (index >= 0),
  hash bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (slot, level, index)
);

-- Signed checkpoints (C2SP tlog-checkpoint) in the order of their making. The note is what is proven.
CREATE TABLE audit_checkpoints (
  slot integer NOT NULL,
  number bigint NOT NULL CHECK (number >= 0),
  size bigint NOT NULL CHECK (size >= 0),
  ts timestamptz NOT NULL,
  note text NOT NULL,
  PRIMARY KEY (slot, number)
);

CREATE TRIGGER audit_subtrees_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_subtrees
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

CREATE TRIGGER audit_checkpoints_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
