-- Up Migration

-- Agents by name. A row is made with the first enrolment token, so that an agent can be revoked before it ever came.
-- The row is also the lock under which an agent's certificates change: see src/tunnel/agent-store.ts.
CREATE TABLE agents (
  name text PRIMARY KEY,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz
);

-- Certificates handed out. Only those that are here and not revoked are accepted.
CREATE TABLE agent_certificates (
  -- Upper-case hexadecimal, as TLS reports it.
  serial text PRIMARY KEY,
  agent text NOT NULL REFERENCES agents (name),
  -- SHA-256 of the certificate, lower-case hexadecimal.
  fingerprint text NOT NULL,
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX agent_certificates_agent ON agent_certificates (agent, issued_at);
CREATE INDEX agent_certificates_expiry ON agent_certificates (expires_at);

-- One-time tokens. Only SHA-256 of the secret is kept; the secret has 256 random bits, so no slow hash.
CREATE TABLE enrolment_tokens (
  id text PRIMARY KEY,
  agent text NOT NULL REFERENCES agents (name),
  secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX enrolment_tokens_agent ON enrolment_tokens (agent);

-- Private keys under the master key. The first writer of a name wins; nothing changes a row.
CREATE TABLE sealed_keys (
  name text PRIMARY KEY,
  sealed bytea NOT NULL
);
