-- Up Migration

-- The approval that is to be withdrawn because its request for access is over or reads otherwise now. Written with the
-- step that ends the request and cleared once the approval is withdrawn, so that a crash in between forgets nothing.
ALTER TABLE grants ADD COLUMN approval_to_withdraw text;
CREATE INDEX grants_to_withdraw ON grants (id) WHERE approval_to_withdraw IS NOT NULL;
