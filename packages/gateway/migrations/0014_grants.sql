-- Up Migration

-- Just-in-time access. The row is the truth; what is in force is held in memory and kept current by notice.
-- state only ever moves forward, by a statement that names the state it leaves (src/grant/table.ts).
CREATE TABLE grants (
  id text PRIMARY KEY,
  state text NOT NULL
    CHECK (state IN ('requested', 'active', 'refused', 'withdrawn', 'expired', 'revoked', 'used_up')),
  principal_kind text NOT NULL CHECK (principal_kind IN ('service-account', 'user')),
  principal text NOT NULL,
  server text NOT NULL,
  -- Names of tools; empty: every tool that the server has.
  tools text[] NOT NULL,
  -- [{"argument": "amount_minor", "max": "500000"}]: all must hold (src/grant/argument-limits.ts).
  argument_limits jsonb NOT NULL,
  reason text NOT NULL,
  ticket text,
  duration_seconds integer NOT NULL CHECK (duration_seconds > 0),
  uses_max integer CHECK (uses_max > 0),
  uses integer NOT NULL DEFAULT 0,
  -- Ends with this session.
  session text,
  -- What an approver sees and consents to: SHA-256 of the canonical JSON of the terms.
  terms_digest text NOT NULL,
  requested_at timestamptz NOT NULL,
  requested_by text NOT NULL,
  -- A request that nobody has decided on by then is withdrawn.
  request_until timestamptz NOT NULL,
  decided_at timestamptz,
  decided_by text,
  decision_reason text,
  approval text,
  expires_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  last_used_at timestamptz
);
CREATE INDEX grants_live ON grants (state) WHERE state IN ('requested', 'active');
CREATE INDEX grants_newest ON grants (requested_at DESC, id DESC);
CREATE INDEX grants_principal ON grants (principal_kind, principal, requested_at DESC);

-- Recertification: the last review of each membership (REGULATION.md: PCI 7.2.4, FFIEC IS II.C.7(b)).
CREATE TABLE access_reviews (
  id text PRIMARY KEY,
  account text NOT NULL,
  -- group:<name> or role:<name>
  membership text NOT NULL,
  decision text NOT NULL CHECK (decision IN ('keep', 'remove')),
  reason text NOT NULL,
  reviewed_at timestamptz NOT NULL,
  reviewed_by text NOT NULL,
  due_at timestamptz NOT NULL
);
CREATE INDEX access_reviews_of ON access_reviews (account, membership, reviewed_at DESC);
-- When a membership was first seen, so that a new one is due an interval later.
CREATE TABLE access_memberships (
  account text NOT NULL,
  membership text NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (account, membership)
);
