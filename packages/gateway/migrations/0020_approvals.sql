-- Up Migration

-- Consent to one held call or to one request for access. The row is the truth; notices, chats and queues only wake.
-- state only ever moves forward, by a statement that names the state it leaves (src/approval/table.ts).
CREATE TABLE approvals (
  id text PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('call', 'grant')),
  state text NOT NULL
    CHECK (state IN ('pending', 'approved', 'denied', 'expired', 'withdrawn', 'superseded', 'used')),
  -- SHA-256 of the canonical JSON of what is consented to (src/approval/digest.ts).
  digest text NOT NULL,
  -- The same without tool definition and policy version: by it a call is known again that has changed around itself.
  call_key text NOT NULL,
  requester_kind text NOT NULL CHECK (requester_kind IN ('service-account', 'user')),
  requester text NOT NULL,
  server text NOT NULL,
  tool text,
  method text NOT NULL,
  -- The request for access that this is about.
  grant_id text,
  flows text[] NOT NULL,
  -- The flows' rules as they stood at the request: a change of a document changes nothing that is under way.
  rules jsonb NOT NULL,
  policies text[] NOT NULL,
  policy_version text NOT NULL,
  -- What an approver looks at, sealed under the master key: arguments may hold customers' data.
  subject bytea NOT NULL,
  requested_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  -- [{"at": …, "flow": …, "index": …}], in order; the first that is still to come.
  escalations jsonb NOT NULL,
  escalates_at timestamptz,
  decided_at timestamptz,
  valid_until timestamptz,
  ended_at timestamptz,
  end_reason text,
  superseded_by text,
  -- The requester was told how it ended, or the grant room has taken it up.
  told_at timestamptz,
  -- Of the one requestState that may come back for it.
  resume_nonce text,
  broken_by text,
  review_until timestamptz,
  reviewed_at timestamptz,
  reviewed_by text,
  review_note text
);
-- One open request for one digest: the same call sent twice waits for the same decision.
CREATE UNIQUE INDEX approvals_open ON approvals (digest) WHERE state IN ('pending', 'approved');
CREATE INDEX approvals_due ON approvals (expires_at) WHERE state = 'pending';
CREATE INDEX approvals_lapsing ON approvals (valid_until) WHERE state = 'approved';
CREATE INDEX approvals_newest ON approvals (requested_at DESC, id DESC);
CREATE INDEX approvals_requester ON approvals (requester_kind, requester, requested_at DESC);
CREATE INDEX approvals_untold ON approvals (digest) WHERE told_at IS NULL;
CREATE INDEX approvals_unreviewed ON approvals (review_until) WHERE review_until IS NOT NULL AND reviewed_at IS NULL;

-- Who decided, how that was proven, and on which digest.
CREATE TABLE approval_decisions (
  approval text NOT NULL REFERENCES approvals (id),
  decider_kind text NOT NULL,
  decider text NOT NULL,
  -- For whom, where it was for somebody who is away; else the decider. One seat has one voice.
  seat text NOT NULL,
  effect text NOT NULL CHECK (effect IN ('approve', 'deny')),
  digest text NOT NULL,
  reason text,
  -- {"method": "token", …}: how it was proven who decided.
  proof jsonb NOT NULL,
  -- {"flow": [stage, …]}: what it can count for.
  counts jsonb NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (approval, decider_kind, decider),
  UNIQUE (approval, seat)
);
