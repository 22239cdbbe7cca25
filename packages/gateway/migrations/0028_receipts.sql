-- Up Migration

-- How far each agent's receipts of executed calls are known here (docs/AUDIT.md, Receipts).
CREATE TABLE agent_receipt_chains (
  agent text PRIMARY KEY,
  chain text NOT NULL,
  -- Receipts that are known, and the hash of the last.
  size bigint NOT NULL CHECK (size >= 0),
  head text NOT NULL,
  -- Receipts whose head the log has, in an entry of kind agent.receipts.
  recorded bigint NOT NULL CHECK (recorded >= 0),
  -- Entries before it: of calls that ended as unknown it is recorded whether the agent has a receipt.
  settled_seq bigint NOT NULL,
  at timestamptz NOT NULL,
  -- Why the chain is not believed any more.
  problem text
);

-- The receipts themselves, as the agent wrote them. What proves them is their chain and its heads in the log.
CREATE TABLE agent_receipts (
  agent text NOT NULL,
  chain text NOT NULL,
  n bigint NOT NULL,
  call text NOT NULL,
  line text NOT NULL,
  PRIMARY KEY (agent, chain, n)
);
CREATE INDEX agent_receipts_call ON agent_receipts (call);
