-- Up Migration

-- Checkpoints that were put where nobody here can change them (docs/AUDIT.md, Anchors).
CREATE TABLE audit_anchors (
  slot integer NOT NULL,
  -- Of the checkpoint.
  number bigint NOT NULL CHECK (number >= 0),
  -- The anchor's name in the operator's settings.
  anchor text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('folder', 's3', 'timestamp')),
  at timestamptz NOT NULL,
  size bigint NOT NULL,
  -- Path, URL of the object, or address of the time stamping authority.
  location text NOT NULL,
  -- Of a time stamp: the authority's whole answer (RFC 3161, TimeStampResp, DER).
  proof bytea,
  PRIMARY KEY (slot, number, anchor)
);
CREATE INDEX audit_anchors_newest ON audit_anchors (slot, anchor, number DESC);

CREATE TRIGGER audit_anchors_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_anchors
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
