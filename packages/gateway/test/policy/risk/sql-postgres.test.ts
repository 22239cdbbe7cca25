import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadSqlReader, type ReadSql } from '../../../src/policy/risk/sql.ts';
import { testDatabase } from '../../store/postgres.ts';

/*
 * Postgres itself says which texts call a function that reads files: this role may not, and is told which function it
 * may not call. What the reader takes for a column there would be a way around every policy on SQL.
 */

let postgres: Client;
let drop: () => Promise<void>;
let read: ReadSql;
beforeAll(async () => {
  const database = await testDatabase();
  drop = database.drop;
  postgres = new Client({ connectionString: database.url });
  await postgres.connect();
  await postgres.query(
    `CREATE TABLE customers (id int, name text); INSERT INTO customers VALUES (1, '/etc/hostname');
     CREATE SCHEMA evil; CREATE FUNCTION evil.same(int, int) RETURNS bool LANGUAGE sql AS 'SELECT pg_read_file($1::text) = $2::text';
     CREATE OPERATOR evil.= (FUNCTION = evil.same, LEFTARG = int, RIGHTARG = int)`,
  );
  read = await loadSqlReader();
});
afterAll(async () => {
  await postgres?.end();
  await drop?.();
});

test.each([
  "SELECT pg_read_file('/etc/hostname')",
  `SELECT U&"pg\\005fread_file"(E'\\x2fetc/hostname')`,
  "SELECT ('/etc/hostname'::text).pg_read_file",
  'SELECT (name).pg_read_file FROM customers',
  "SELECT (ARRAY['/etc/hostname'])[1].pg_read_file",
  "SELECT f.pg_read_file FROM unnest(ARRAY['/etc/hostname']) f",
  `SELECT f."pg_read_file" FROM unnest(ARRAY['/etc/hostname']) f`,
  'SELECT 1 FROM customers ORDER BY (name).pg_read_file',
  "DELETE FROM customers WHERE id = 1 AND (name).pg_read_file = 'x'",
  'SELECT count(*) FILTER (WHERE (name).pg_read_file IS NULL) FROM customers',
])('calls a function that reads files: %s', async (sql) => {
  await expect(postgres.query(sql)).rejects.toThrow('permission denied for function pg_read_file');
  expect(read(sql)).toMatchObject({ risk: 'outside', outside: ['function pg_read_file'] });
});

test.each([
  'SELECT 1 FROM customers WHERE id OPERATOR(evil.=) 1',
  'SELECT 1 FROM customers WHERE id OPERATOR(evil.=) ANY (SELECT 1)',
])('calls what somebody defined as an operator: %s', async (sql) => {
  await expect(postgres.query(sql)).rejects.toThrow('permission denied for function pg_read_file');
  expect(read(sql)).toMatchObject({ risk: 'write', functions: ['evil."="'] });
});

test('a column of that name is no call to Postgres, and a column to the reader where it has no prefix', async () => {
  await postgres.query('CREATE TABLE named (id int, pg_read_file text)');
  await postgres.query('SELECT pg_read_file FROM named WHERE id = 1');
  expect(read('SELECT pg_read_file FROM named WHERE id = 1')).toMatchObject({ risk: 'read', functions: [] });
});
