-- Up Migration

-- What people are to be told, written in the transaction of what they are told of. It holds no content: what is sent is
-- read anew when it is sent. A row is claimed for a while, so that a crash in sending only delays it.
CREATE TABLE notifications (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Name of the Notification document.
  notification text NOT NULL,
  approval text NOT NULL REFERENCES approvals (id),
  event text NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'given_up')),
  attempts integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL,
  sent_at timestamptz,
  problem text,
  -- What the other side calls the message, to change it later.
  reference text
);
CREATE INDEX notifications_waiting ON notifications (next_at) WHERE state = 'waiting';
CREATE INDEX notifications_of ON notifications (approval, notification);
