-- Up Migration

-- What principals have read from servers that label what they give (information flow).
CREATE TABLE principal_labels (
  principal_kind text NOT NULL CHECK (principal_kind IN ('service-account', 'user')),
  principal text NOT NULL,
  label text NOT NULL,
  -- The session that read it last, and when.
  session text NOT NULL,
  read_at timestamptz NOT NULL,
  PRIMARY KEY (principal_kind, principal, label)
);
