-- Up Migration

-- Exports of months that are to go, as they were verified. Not evidence: each is verified again before its month is dropped.
CREATE TABLE audit_retention_exports (
  name text PRIMARY KEY,
  from_seq bigint NOT NULL,
  until_seq bigint NOT NULL,
  size bigint NOT NULL,
  checkpoint bigint NOT NULL,
  location text NOT NULL,
  -- SHA-256 of MANIFEST.json.
  manifest text NOT NULL,
  verified_at timestamptz NOT NULL
);
