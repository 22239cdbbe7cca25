-- Up Migration

-- What can be looked for in 256 entries at a time: terms such as decision:deny, finding:PCI, ending:unknown, and words of
-- masked bodies. Filled behind the log, never by its writer, so a call pays nothing for it; entries that are not in it
-- yet are read through. Not evidence: it can be emptied at any time, and fills again.
CREATE TABLE audit_terms (
  slot integer NOT NULL,
  block bigint NOT NULL CHECK (block >= 0),
  terms text[] NOT NULL,
  PRIMARY KEY (slot, block)
);
CREATE INDEX audit_terms_terms ON audit_terms USING gin (terms);
