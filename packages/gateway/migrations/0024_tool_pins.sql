-- Up Migration

-- Definitions of tools as servers gave them, in canonical form, by the SHA-256 of that (src/tools/definition.ts).
CREATE TABLE tool_definitions (
  digest text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
  definition text NOT NULL,
  first_seen timestamptz NOT NULL
);

-- What is known of each tool of each server. The state follows from the digests (src/tools/drift.ts).
CREATE TABLE tool_pins (
  server text NOT NULL,
  tool text NOT NULL,
  -- The first definition ever seen; what the server shows now, null where it shows none; what was reviewed.
  first text NOT NULL REFERENCES tool_definitions,
  seen text REFERENCES tool_definitions,
  pinned text REFERENCES tool_definitions,
  -- Definitions that a reviewer has turned down, newest last.
  rejected text[] NOT NULL DEFAULT '{}',
  -- Whether the agent's own question found it last time: only then can its absence mean that it has gone.
  probed boolean NOT NULL,
  changed_at timestamptz NOT NULL,
  decided_at timestamptz,
  decided_by text,
  reason text,
  state text NOT NULL GENERATED ALWAYS AS (
    CASE
      WHEN seen IS NULL THEN 'gone'
      WHEN seen = pinned THEN 'pinned'
      WHEN seen = ANY (rejected) THEN 'rejected'
      WHEN pinned IS NOT NULL THEN 'changed'
      ELSE 'awaiting-review'
    END) STORED,
  PRIMARY KEY (server, tool)
);
CREATE INDEX tool_pins_state ON tool_pins (state, server, tool);
