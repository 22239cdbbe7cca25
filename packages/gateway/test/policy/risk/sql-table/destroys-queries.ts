import type { Row } from './row.ts';

export const DESTROYS_QUERIES: Row[] = [
  [
    'WITH d AS (DELETE FROM customers RETURNING *) SELECT 1',
    'destroy',
    'delete select',
    { reads: ['customers'], writes: ['customers'], columns: ['*'], writesInCte: true },
  ],
  [
    'WITH d AS (DELETE FROM customers RETURNING *) INSERT INTO archive SELECT * FROM d',
    'destroy',
    'delete insert select',
    { reads: ['customers'], writes: ['archive', 'customers'], columns: ['*'], writesInCte: true },
  ],
  [
    'SELECT * INTO t FROM customers',
    'destroy',
    'create select',
    { reads: ['customers'], writes: ['t'], columns: ['*'], ddl: true },
  ],
  [
    'SELECT 1; DROP TABLE customers',
    'destroy',
    'drop select',
    { writes: ['customers'], ddl: true, statements: 2 },
  ],
  [
    "SELECT 'x'; ; -- c\n; TRUNCATE customers;",
    'destroy',
    'select truncate',
    { writes: ['customers'], statements: 2 },
  ],
  ['EXPLAIN ANALYZE DELETE FROM customers', 'destroy', 'delete explain', { writes: ['customers'] }],
  ['EXPLAIN (ANALYZE true) DELETE FROM customers', 'destroy', 'delete explain', { writes: ['customers'] }],
  ['EXPLAIN (ANALYZE) EXECUTE d', 'destroy', 'execute explain'],
  [
    'EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1',
    'destroy',
    'create explain select',
    { writes: ['t'], ddl: true },
  ],
  ["EXPLAIN (ANALYZE 'on') DELETE FROM customers", 'destroy', 'delete explain', { writes: ['customers'] }],
  [
    'EXPLAIN (ANALYZE off, ANALYZE on) DELETE FROM customers',
    'destroy',
    'delete explain',
    { writes: ['customers'] },
  ],
  [
    'EXPLAIN (ANALYZE on, ANALYZE off) DELETE FROM customers',
    'destroy',
    'delete explain',
    { writes: ['customers'] },
  ],
  [
    'WITH d AS (MERGE INTO customers USING s ON true WHEN MATCHED THEN DELETE RETURNING *) SELECT 1',
    'destroy',
    'merge select',
    { reads: ['customers', 's'], writes: ['customers'], columns: ['*'], writesInCte: true },
  ],
  [
    'WITH a AS (WITH b AS (DELETE FROM customers RETURNING *) SELECT * FROM b) SELECT * FROM a',
    'destroy',
    'delete select',
    { reads: ['customers'], writes: ['customers'], columns: ['*'], writesInCte: true },
  ],
  [
    'SELECT * INTO TEMP t FROM customers',
    'destroy',
    'create select',
    { reads: ['customers'], writes: ['t'], columns: ['*'], ddl: true },
  ],
  [
    "SELECT '\\'; DELETE FROM customers; --'",
    'destroy',
    'delete select',
    { writes: ['customers'], statements: 2 },
  ],
];
