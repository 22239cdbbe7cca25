-- Up Migration

-- Masked bodies of requests and answers, by the SHA-256 that the entry has of them; each once, however often it was
-- said. Postgres compresses what is larger than 2 KB by itself; smaller ones gain nothing.
CREATE TABLE audit_bodies (
  digest bytea PRIMARY KEY CHECK (length(digest) = 32),
  first_at timestamptz NOT NULL,
  body bytea NOT NULL
);
ALTER TABLE audit_bodies SET (autovacuum_vacuum_insert_scale_factor = 0.05);

-- Exact requests, sealed: AES-256-GCM under a key of the record's own, which is wrapped by the period's key, which is
-- sealed with the master key (AUDIT.md, Bodies). To shred is to forget the wrapped key: what is left opens to nobody.
CREATE TABLE audit_originals (
  slot integer NOT NULL,
  seq bigint NOT NULL,
  period text NOT NULL,
  wrapped_key bytea,
  sealed bytea,
  PRIMARY KEY (slot, seq)
);

-- A period is a month. The first gateway that needs its key makes it; the first writer wins.
CREATE TABLE audit_period_keys (
  period text PRIMARY KEY,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL
);

-- Legal holds. What one covers is not shredded while it stands.
CREATE TABLE audit_holds (
  id text PRIMARY KEY,
  reason text NOT NULL,
  -- {"from": seq, "until": seq} and optional principal, server, session: an entry is held where all match.
  scope jsonb NOT NULL,
  placed_at timestamptz NOT NULL,
  placed_by text NOT NULL,
  released_at timestamptz,
  released_by text
);

-- Changes that need a second person.
CREATE TABLE proposals (
  id text PRIMARY KEY,
  kind text NOT NULL,
  state text NOT NULL CHECK (state IN ('proposed', 'confirmed', 'executed', 'refused', 'expired', 'failed')),
  payload jsonb NOT NULL,
  -- SHA-256 of the canonical JSON of {kind, payload, reason}: what the second person confirms.
  digest text NOT NULL,
  reason text NOT NULL,
  proposed_kind text NOT NULL,
  proposed_by text NOT NULL,
  proposed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  decided_by text,
  decided_at timestamptz,
  decision_reason text,
  outcome text
);
CREATE INDEX proposals_open ON proposals (state, expires_at) WHERE state IN ('proposed', 'confirmed');
CREATE INDEX proposals_newest ON proposals (proposed_at DESC, id DESC);

CREATE TRIGGER audit_bodies_append_only
  BEFORE UPDATE OR TRUNCATE ON audit_bodies
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
