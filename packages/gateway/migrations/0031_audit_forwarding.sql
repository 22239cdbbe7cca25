-- Up Migration

-- How far entries were handed to systems that watch (docs/AUDIT.md, Forwarding). The log itself is the buffer: what a
-- receiver misses while it is away is sent when it is back.
CREATE TABLE audit_forwarding (
  slot integer NOT NULL,
  target text NOT NULL,
  -- Entries before it were handed over.
  next_seq bigint NOT NULL CHECK (next_seq >= 0),
  at timestamptz NOT NULL,
  PRIMARY KEY (slot, target)
);
