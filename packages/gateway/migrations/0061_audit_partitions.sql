-- Up Migration

-- The log in monthly partitions (docs/decisions/0008), so that what is due can go whole: entries by their ts, bodies by
-- the ts of the entry that first named them in that month, originals by the month of the key that seals them. All three
-- are the same month in UTC.
--
-- The tables from before become the first partition as they are, up to the end of this month: not a row is moved.

SET LOCAL TIME ZONE 'UTC';

CREATE TABLE audit_partitions (
  -- What the partitions' names end with: 2026_11, or before_2026_12 for what was there before there were partitions.
  name text PRIMARY KEY,
  -- -infinity for the first.
  from_at timestamptz NOT NULL,
  until_at timestamptz NOT NULL UNIQUE CHECK (until_at > from_at),
  made_at timestamptz NOT NULL DEFAULT now()
);

-- Every statement on a partition itself is refused, as it is on the table.
CREATE FUNCTION audit_guard_partition(partition text, parent text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  refused text := CASE parent WHEN 'audit_entries' THEN 'UPDATE OR DELETE OR TRUNCATE'
                              WHEN 'audit_bodies' THEN 'UPDATE OR TRUNCATE' ELSE 'TRUNCATE' END;
BEGIN
  EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE %s ON %I FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()',
    parent || '_append_only', refused, partition);
  -- The serving role goes through the table above; it has no right to a partition.
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sallyport_app') THEN
    EXECUTE format('REVOKE ALL ON %I FROM sallyport_app', partition);
  END IF;
END
$$;

-- A table like a partition of `parent`, with the key that a partitioned table can't have: without the time in it.
CREATE FUNCTION audit_make_table(partition text, parent text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', partition, parent);
  EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY %s', partition,
    CASE parent WHEN 'audit_bodies' THEN '(digest)' ELSE '(slot, seq)' END);
  IF parent <> 'audit_originals' THEN
    EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0.05)', partition);
  END IF;
  PERFORM audit_guard_partition(partition, parent);
END
$$;

-- Bounds as the table `parent` has them.
CREATE FUNCTION audit_bounds(parent text, from_at timestamptz, until_at timestamptz) RETURNS text LANGUAGE sql AS $$
  SELECT CASE parent
    WHEN 'audit_originals' THEN format('FROM (%s) TO (%L)',
      CASE WHEN from_at = '-infinity' THEN 'MINVALUE' ELSE quote_literal(to_char(from_at, 'YYYY-MM')) END,
      to_char(until_at, 'YYYY-MM'))
    ELSE format('FROM (%s) TO (%L)',
      CASE WHEN from_at = '-infinity' THEN 'MINVALUE' ELSE quote_literal(from_at) END, until_at) END
$$;

ALTER TABLE audit_entries RENAME TO audit_entries_before;
ALTER TABLE audit_bodies RENAME TO audit_bodies_before;
ALTER TABLE audit_originals RENAME TO audit_originals_before;
DO $$
DECLARE
  old record;
BEGIN
  FOR old IN SELECT indexrelid::regclass::text AS name FROM pg_index
    WHERE indrelid IN ('audit_entries_before'::regclass, 'audit_bodies_before'::regclass, 'audit_originals_before'::regclass)
  LOOP
    EXECUTE format('ALTER INDEX %I RENAME TO %I', old.name, old.name || '_before');
  END LOOP;
END
$$;

CREATE TABLE audit_entries (LIKE audit_entries_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (ts);
CREATE TABLE audit_bodies (LIKE audit_bodies_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (first_at);
CREATE TABLE audit_originals (LIKE audit_originals_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
  PARTITION BY RANGE (period COLLATE "C");

-- One sequencer gives each seq once; each partition refuses a second entry of one seq; a second one in another month
-- completes a subtree a second time, which audit_subtrees' key refuses.
CREATE INDEX audit_entries_call ON audit_entries (call) WHERE call IS NOT NULL;
CREATE INDEX audit_entries_session ON audit_entries (session) WHERE session IS NOT NULL;
CREATE INDEX audit_entries_starts ON audit_entries (slot, seq) WHERE kind = 'log.start';

CREATE TRIGGER audit_entries_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_bodies_append_only
  BEFORE UPDATE OR TRUNCATE ON audit_bodies
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_originals_append_only
  BEFORE TRUNCATE ON audit_originals
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_partitions_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_partitions
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- What has no month yet goes into the rest, so an entry is never refused for want of a partition.
DO $$
DECLARE
  parent text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['audit_entries', 'audit_bodies', 'audit_originals'] LOOP
    PERFORM audit_make_table(parent || '_rest', parent);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', parent, parent || '_rest');
  END LOOP;
END
$$;

DO $$
DECLARE
  until_at timestamptz;
  label text;
  parent text;
BEGIN
  IF EXISTS (SELECT FROM audit_entries_before) OR EXISTS (SELECT FROM audit_bodies_before)
    OR EXISTS (SELECT FROM audit_originals_before) THEN
    SELECT date_trunc('month', greatest(now(), (SELECT max(ts) FROM audit_entries_before),
        (SELECT max(first_at) FROM audit_bodies_before),
        (SELECT to_timestamp(max(period), 'YYYY-MM') FROM audit_originals_before))) + interval '1 month' INTO until_at;
    label := 'before_' || to_char(until_at, 'YYYY_MM');
    FOREACH parent IN ARRAY ARRAY['audit_entries', 'audit_bodies', 'audit_originals'] LOOP
      EXECUTE format('ALTER TABLE %I RENAME TO %I', parent || '_before', parent || '_' || label);
      PERFORM audit_guard_partition(parent || '_' || label, parent);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES %s', parent, parent || '_' || label,
        audit_bounds(parent, '-infinity', until_at));
    END LOOP;
    INSERT INTO audit_partitions (name, from_at, until_at) VALUES (label, '-infinity', until_at);
  ELSE
    DROP TABLE audit_entries_before, audit_bodies_before, audit_originals_before;
  END IF;
END
$$;

-- Makes the month of `first` and those after it, `months` in all, and of what is in the rest its own; says which it made.
--
-- It works as its owner, because the serving role owns no table; it can do nothing but add empty months and move what is
-- in the rest to where it belongs. It waits for a lock for less than deadlock_timeout, so that where it and a flush of
-- the log wait for each other it is this that gives up; it is tried again.
CREATE FUNCTION audit_make_months(first timestamptz, months integer) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '300ms' SET timezone = 'UTC' AS $$
DECLARE
  parents constant text[] := ARRAY['audit_entries', 'audit_bodies', 'audit_originals'];
  parent text;
  wanted timestamptz[];
  month timestamptz;
  made text[] := '{}';
  has_rest boolean;
  before bigint;
  moved bigint;
BEGIN
  IF months NOT BETWEEN 1 AND 24 THEN
    RAISE EXCEPTION 'between 1 and 24 months are made at a time' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- 'tion': replicas that start together take turns.
  PERFORM pg_advisory_xact_lock(x'74696f6e'::bigint);
  SELECT EXISTS (SELECT FROM audit_entries_rest) OR EXISTS (SELECT FROM audit_bodies_rest)
    OR EXISTS (SELECT FROM audit_originals_rest) INTO has_rest;
  SELECT array_agg(date_trunc('month', first) + make_interval(months => n)) INTO wanted FROM generate_series(0, months - 1) AS n;
  IF has_rest THEN
    LOCK TABLE audit_entries, audit_bodies, audit_originals IN ACCESS EXCLUSIVE MODE;
    -- A clock that jumps about must not make a thousand tables at once; what is left stays in the rest until next time.
    SELECT wanted || array_agg(m) INTO wanted FROM (
      SELECT date_trunc('month', ts) AS m FROM audit_entries_rest
      UNION SELECT date_trunc('month', first_at) FROM audit_bodies_rest
      UNION SELECT to_timestamp(period, 'YYYY-MM') FROM audit_originals_rest
      ORDER BY 1 LIMIT 24) AS found;
    FOREACH parent IN ARRAY parents LOOP
      EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, parent || '_rest');
      EXECUTE format('ALTER TABLE %I RENAME TO %I', parent || '_rest', parent || '_moving');
      PERFORM audit_make_table(parent || '_rest', parent);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', parent, parent || '_rest');
    END LOOP;
  END IF;
  FOR month IN SELECT DISTINCT w FROM unnest(wanted) AS w ORDER BY w LOOP
    CONTINUE WHEN EXISTS (SELECT FROM audit_partitions p WHERE p.from_at <= month AND p.until_at > month);
    FOREACH parent IN ARRAY parents LOOP
      PERFORM audit_make_table(parent || to_char(month, '_YYYY_MM'), parent);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES %s', parent, parent || to_char(month, '_YYYY_MM'),
        audit_bounds(parent, month, month + interval '1 month'));
    END LOOP;
    INSERT INTO audit_partitions (name, from_at, until_at)
      VALUES (to_char(month, 'YYYY_MM'), month, month + interval '1 month');
    made := made || to_char(month, 'YYYY_MM');
  END LOOP;
  IF has_rest THEN
    FOREACH parent IN ARRAY parents LOOP
      EXECUTE format('SELECT count(*) FROM %I', parent || '_moving') INTO before;
      EXECUTE format('INSERT INTO %I SELECT * FROM %I', parent, parent || '_moving');
      GET DIAGNOSTICS moved = ROW_COUNT;
      IF moved <> before THEN
        RAISE EXCEPTION '% of % rows of the rest were moved', moved, before;
      END IF;
      EXECUTE format('DROP TABLE %I', parent || '_moving');
    END LOOP;
  END IF;
  RETURN made;
END
$$;

REVOKE ALL ON FUNCTION audit_make_months(timestamptz, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION audit_make_table(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION audit_guard_partition(text, text) FROM PUBLIC;

SELECT audit_make_months(now(), 3);
