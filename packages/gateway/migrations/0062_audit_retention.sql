-- Up Migration

-- Leaf hashes of entries that are gone, 256 of a tile of the tree in a row at most: all that proofs over them need, so
-- the tree stays whole and what stays still verifies, with consistency proofs from any size.
CREATE TABLE audit_leaf_hashes (
  slot integer NOT NULL,
  first bigint NOT NULL CHECK (first >= 0),
  hashes bytea NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
  PRIMARY KEY (slot, first)
);

-- Partitions that are gone, with the entry that says so.
CREATE TABLE audit_drops (
  name text PRIMARY KEY REFERENCES audit_partitions,
  slot integer NOT NULL,
  from_seq bigint NOT NULL,
  until_seq bigint NOT NULL,
  entry_seq bigint NOT NULL,
  -- As in the entry.
  fields jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

CREATE TRIGGER audit_leaf_hashes_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_leaf_hashes
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_drops_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_drops
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- Drops one partition: the only way on which the serving role can make entries go. It is refused without a durable entry
-- that says so of exactly these entries, while there are older ones, while a legal hold reaches in, and where no anchor
-- covers them. Run again, it does nothing.
CREATE FUNCTION audit_drop_month(partition text, log_slot integer, entry bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '300ms' SET timezone = 'UTC' AS $$
DECLARE
  month audit_partitions;
  said jsonb;
  first bigint;
  behind bigint;
  entries bigint;
  strangers bigint;
BEGIN
  -- Holds, shreds and drops take turns (audit/originals/records.ts).
  PERFORM pg_advisory_xact_lock(x'5a12'::bigint);
  SELECT * INTO month FROM audit_partitions p WHERE p.name = partition;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no partition "%"', partition USING ERRCODE = 'no_data_found';
  END IF;
  IF EXISTS (SELECT FROM audit_drops d WHERE d.name = partition) THEN
    RETURN;
  END IF;
  EXECUTE format('SELECT min(seq), max(seq) + 1, count(*), count(*) FILTER (WHERE slot <> $1) FROM %I', 'audit_entries_' || partition)
    USING log_slot INTO first, behind, entries, strangers;
  SELECT leaf::jsonb -> 'fields' INTO said FROM audit_entries e
    WHERE e.slot = log_slot AND e.seq = entry AND e.kind = 'retention.dropped';
  IF said IS NULL OR said ->> 'partition' <> partition OR (said ->> 'from')::bigint IS DISTINCT FROM first
    OR (said ->> 'until')::bigint IS DISTINCT FROM behind OR entry < behind THEN
    RAISE EXCEPTION 'entry % does not say that exactly the entries of % go', entry, partition
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF month.until_at > now() OR strangers > 0 OR entries <> behind - first
    OR EXISTS (SELECT FROM audit_entries e WHERE e.ts < month.from_at) THEN
    RAISE EXCEPTION 'the partition % can''t go: it is not over, has another log''s entries, or there are older ones', partition
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (SELECT FROM audit_holds h WHERE h.released_at IS NULL AND (h.scope ->> 'from')::bigint < behind
    AND (h.scope ->> 'until')::bigint > first) THEN
    RAISE EXCEPTION 'a legal hold reaches into the partition %', partition USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NOT EXISTS (SELECT FROM audit_anchors a WHERE a.slot = log_slot AND a.size >= behind) THEN
    RAISE EXCEPTION 'no anchored checkpoint covers the partition %', partition USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  EXECUTE format('INSERT INTO audit_leaf_hashes (slot, first, hashes)
    SELECT slot, min(seq), string_agg(leaf_hash, NULL ORDER BY seq) FROM %I GROUP BY slot, seq / 256', 'audit_entries_' || partition);
  INSERT INTO audit_drops (name, slot, from_seq, until_seq, entry_seq, fields)
    VALUES (partition, log_slot, first, behind, entry, said);
  EXECUTE format('DROP TABLE %I, %I, %I', 'audit_entries_' || partition, 'audit_bodies_' || partition, 'audit_originals_' || partition);
  DELETE FROM audit_terms t WHERE t.slot = log_slot AND t.block < behind / 256;
END
$$;
REVOKE ALL ON FUNCTION audit_drop_month(text, integer, bigint) FROM PUBLIC;
