import { beforeAll, describe, expect, test } from 'vitest';
import { loadSqlReader, type ReadSql } from '../../../src/policy/risk/sql.ts';
import { BULKS } from './sql-table/bulks.ts';
import { DESTROYS } from './sql-table/destroys.ts';
import { OUTSIDES } from './sql-table/outsides.ts';
import { READS } from './sql-table/reads.ts';
import { UNREADABLE } from './sql-table/unreadable.ts';
import { WRITES } from './sql-table/writes.ts';

const TABLE = [...READS, ...BULKS, ...WRITES, ...DESTROYS, ...OUTSIDES];

let read: ReadSql;
beforeAll(async () => {
  read = await loadSqlReader();
});

const PLAIN = {
  parses: true,
  statements: 1,
  reads: [],
  writes: [],
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
      expect({ ...found, limit: found.limit }).toMatchObject(expected);
    });
  }

  test('are in a table of more than 200 statements, each once', () => {
    const statements = TABLE.map(([sql]) => sql);
    expect(new Set(statements).size).toBe(statements.length);
    expect(statements.length).toBeGreaterThan(200);
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
