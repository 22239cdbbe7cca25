-- Keys of the masking room, sealed with the master key: what agents trust rules by, and what hashes are keyed with.
CREATE TABLE masking_keys (
  name text PRIMARY KEY,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- What was masked, by day: names and counts, never a value.
CREATE TABLE masking_statistics (
  day date NOT NULL,
  server text NOT NULL,
  rule text NOT NULL,
  detector text NOT NULL,
  entity text NOT NULL,
  place text NOT NULL CHECK (place IN ('agent', 'gateway')),
  count bigint NOT NULL,
  PRIMARY KEY (day, server, rule, detector, entity, place)
);
