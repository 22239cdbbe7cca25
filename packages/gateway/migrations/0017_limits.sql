-- Up Migration

-- Counters of rate limits and budgets, in the form that rate-limiter-flexible reads: key, points, expire in this
-- order. points is a double and not the library's integer: an amount in minor units outgrows 32 bits, and whole
-- numbers are exact up to 2^53.
CREATE TABLE limit_counters (
  key varchar(255) PRIMARY KEY,
  points double precision NOT NULL DEFAULT 0,
  expire bigint
);
CREATE INDEX limit_counters_expire ON limit_counters (expire);
