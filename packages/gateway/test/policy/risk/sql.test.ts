import { beforeAll, describe, expect, test } from 'vitest';
import { loadSqlReader, type ReadSql } from '../../../src/policy/risk/sql.ts';
import { BULKS } from './sql-table/bulks.ts';
import { DESTROYS_QUERIES } from './sql-table/destroys-queries.ts';
import { DESTROYS_ROWS } from './sql-table/destroys-rows.ts';
import { DESTROYS_STRUCTURE } from './sql-table/destroys-structure.ts';
import { OUTSIDES_FIELDS } from './sql-table/outsides-fields.ts';
import { OUTSIDES_FUNCTIONS } from './sql-table/outsides-functions.ts';
import { OUTSIDES_HIDDEN } from './sql-table/outsides-hidden.ts';
import { OUTSIDES_STATEMENTS } from './sql-table/outsides-statements.ts';
import { OUTSIDES_STRUCTURE } from './sql-table/outsides-structure.ts';
import { READS } from './sql-table/reads.ts';
import { READS_QUOTING } from './sql-table/reads-quoting.ts';
import { UNREADABLE } from './sql-table/unreadable.ts';
import { WRITES_QUERIES } from './sql-table/writes-queries.ts';
import { WRITES_STATEMENTS } from './sql-table/writes-statements.ts';

const TABLE = [
  ...BULKS,
  ...DESTROYS_QUERIES,
  ...DESTROYS_ROWS,
  ...DESTROYS_STRUCTURE,
  ...OUTSIDES_FIELDS,
  ...OUTSIDES_FUNCTIONS,
  ...OUTSIDES_HIDDEN,
  ...OUTSIDES_STATEMENTS,
  ...OUTSIDES_STRUCTURE,
  ...READS,
  ...READS_QUOTING,
  ...WRITES_QUERIES,
  ...WRITES_STATEMENTS,
];

let read: ReadSql;
beforeAll(async () => {
  read = await loadSqlReader();
});

const PLAIN = {
  parses: true,
  statements: 1,
  reads: [],
  writes: [],
  columns: [],
  functions: [],
  hasWhere: false,
  limit: undefined,
  locks: false,
  ddl: false,
  privileges: false,
  writesInCte: false,
  transactionControl: false,
  setsRole: false,
  outside: [],
};

describe('the facts of a statement', () => {
  for (const [sql, risk, kinds, facts] of TABLE) {
    test(sql, () => {
      const found = read(sql);
      const expected = { ...PLAIN, kinds: kinds.split(' ').filter((kind) => kind !== ''), risk, ...facts };
      expect({ ...found, limit: found.limit }).toEqual(expected);
    });
  }

  test('are in a table of more than 500 statements, each once', () => {
    const statements = TABLE.map(([sql]) => sql);
    expect(new Set(statements).size).toBe(statements.length);
    expect(statements.length).toBeGreaterThan(500);
  });
});

describe('a text that is not read has the highest risk', () => {
  test.each(UNREADABLE)('%.60s', (sql) => {
    expect(read(sql)).toMatchObject({ parses: false, risk: 'outside', statements: 0 });
    // And leaves the grammar able to read the next one.
    expect(read('SELECT * FROM a WHERE id = 1')).toMatchObject({ parses: true, risk: 'read' });
  });
});

test('long texts that are not deep are read', () => {
  const rows = Array.from({ length: 3_000 }, (_, n) => `(${n}, -1, 'x')`).join(', ');
  expect(read(`INSERT INTO a VALUES ${rows}`)).toMatchObject({ parses: true, risk: 'write' });
  const names = Array.from({ length: 2_000 }, (_, n) => `'not in or ${n}'`).join(', ');
  expect(read(`SELECT * FROM a WHERE name IN (${names})`)).toMatchObject({ parses: true, risk: 'read' });
});

test('case and comments between words change nothing', () => {
  for (const [sql] of TABLE.filter(([sql]) => !/['"$\n]|--/.test(sql))) {
    expect([sql, read(sql.toUpperCase())]).toEqual([sql, read(sql)]);
    // The grammar's package doesn't look behind a comment for the second word of these; they become unreadable.
    if (/NOT (?:IN|LIKE)|WITH TIES/.test(sql)) continue;
    expect([sql, read(sql.replaceAll(' ', '/* ; */\n'))]).toEqual([sql, read(sql)]);
  }
});

test('what is nearly too deep is read, any number of times', () => {
  const deep = `SELECT ${'('.repeat(450)}1${')'.repeat(450)} FROM a WHERE x = 1${' + 1'.repeat(450)}`;
  for (let round = 0; round < 100; round += 1)
    expect(read(deep)).toMatchObject({ parses: true, reads: ['a'] });
});
