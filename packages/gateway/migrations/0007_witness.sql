-- Up Migration

-- Keys of those who countersign checkpoints (C2SP signed-note verifier keys), as they became known. A key is never
-- forgotten: what it countersigned stays provable after the witness has another.
CREATE TABLE audit_witness_keys (
  key text PRIMARY KEY,
  witness text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('agent', 'witness')),
  seen_at timestamptz NOT NULL
);

-- Cosignatures of checkpoints (C2SP tlog-cosignature): the line that stands behind the checkpoint's note.
CREATE TABLE audit_cosignatures (
  slot integer NOT NULL,
  -- Of the checkpoint.
  number bigint NOT NULL CHECK (number >= 0),
  key text NOT NULL REFERENCES audit_witness_keys (key),
  -- As signed, to the second.
  ts timestamptz NOT NULL,
  line text NOT NULL,
  PRIMARY KEY (slot, number, key)
);
CREATE INDEX audit_cosignatures_newest ON audit_cosignatures (slot, key, number DESC);

-- What a witness refused: both checkpoints, as evidence (AUDIT.md, Witnesses).
CREATE TABLE audit_witness_conflicts (
  slot integer NOT NULL,
  number bigint NOT NULL CHECK (number >= 0),
  at timestamptz NOT NULL,
  witness text NOT NULL,
  key text NOT NULL,
  -- 409 or 422.
  status integer NOT NULL,
  -- Size the witness says that it holds.
  held_size bigint,
  -- The checkpoint it was shown, and the one it holds as far as it is known here.
  shown text NOT NULL,
  held text,
  -- What it answered, in its own words, bounded.
  answer text NOT NULL,
  PRIMARY KEY (slot, number)
);

CREATE TRIGGER audit_witness_keys_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_witness_keys
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_cosignatures_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_cosignatures
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_witness_conflicts_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_witness_conflicts
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
