-- Keys of the masking room, sealed with the master key: what agents trust rules by, and what hashes are keyed with.
CREATE TABLE masking_keys (
  name text PRIMARY KEY,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
