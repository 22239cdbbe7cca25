-- Up Migration

-- The audit log: one row per entry, one log per slot, seq dense from 0 (AUDIT.md, Log).
-- leaf is text, not jsonb: its bytes are what is hashed.
CREATE TABLE audit_entries (
  slot integer NOT NULL,
  seq bigint NOT NULL CHECK (seq >= 0),
  ts timestamptz NOT NULL,
  kind text NOT NULL,
  leaf text NOT NULL,
  leaf_hash bytea NOT NULL,
  principal text,
  session text,
  call text,
  server text,
  tool text,
  PRIMARY KEY (slot, seq)
);

-- Every index is paid for by each durable write of every call, so only what is looked up by key has one.
-- ts needs none: it never falls within a slot, so a time is found by halving over seq.
CREATE INDEX audit_entries_call ON audit_entries (call) WHERE call IS NOT NULL;
CREATE INDEX audit_entries_session ON audit_entries (session) WHERE session IS NOT NULL;
-- Where the last start stands, for settling the intents a crash left open. Has a few rows in all.
CREATE INDEX audit_entries_starts ON audit_entries (slot, seq) WHERE kind = 'log.start';

-- Hygiene, not proof: the serving role has no right to change entries, and this also stops its owner's mistakes.
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER audit_entries_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- Inserts are at the end of a growing table: the planner's figures matter little, freezing early keeps vacuum short.
ALTER TABLE audit_entries SET (autovacuum_vacuum_insert_scale_factor = 0.05);
