-- Up Migration

-- How often each rule hid something, by day: for tuning rules, never as evidence. The log's entries are the evidence.

CREATE TABLE masking_counts (
  day      date   NOT NULL,
  server   text   NOT NULL,
  rule     text   NOT NULL,
  detector text   NOT NULL,
  entity   text   NOT NULL,
  carrier  text   NOT NULL,
  found_at text   NOT NULL CHECK (found_at IN ('agent', 'gateway')),
  count    bigint NOT NULL CHECK (count > 0),
  PRIMARY KEY (day, server, rule, detector, entity, carrier, found_at)
);
