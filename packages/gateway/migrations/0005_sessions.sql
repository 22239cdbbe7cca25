-- Up Migration
-- Sessions: one principal + one MCP client + one server. A row outlives the gateway's process, so that a client
-- that doesn't start anew after a 404 keeps working over a restart (MCP.md).
CREATE TABLE sessions (
  id text PRIMARY KEY,
  era text NOT NULL CHECK (era IN ('legacy', 'modern')),
  principal_kind text NOT NULL CHECK (principal_kind IN ('service-account', 'user')),
  principal text NOT NULL,
  token_id text NOT NULL,
  server text NOT NULL,
  agent text NOT NULL,
  agent_server text NOT NULL,
  client text NOT NULL,
  protocol_version text,
  created_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  idle_ms integer NOT NULL,
  ended_at timestamptz,
  end_reason text
);
CREATE INDEX sessions_newest ON sessions (created_at DESC, id DESC);
CREATE INDEX sessions_open ON sessions (agent) WHERE ended_at IS NULL;
