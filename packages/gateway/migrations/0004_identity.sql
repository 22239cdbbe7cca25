-- Up Migration

-- Tokens of service accounts. Only SHA-256 of the secret is kept; the secret has 256 random bits, so no slow hash.
CREATE TABLE tokens (
  id text PRIMARY KEY,
  service_account text NOT NULL,
  secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
