import { readDelete, readInsert, readMerge, readUpdate } from './sql/changes.ts';
import { readExpressions, readTargets } from './sql/expressions.ts';
import { type SqlFacts, SqlTally, UNREADABLE_SQL } from './sql/facts.ts';
import { SqlGrammar } from './sql/grammar.ts';
import { readFrom, readSelect, readWith } from './sql/queries.ts';
import type { Extent, Place, Reading, Scope } from './sql/reading.ts';
import { type Fields, nodeOf } from './sql/tree.ts';
import { readUtility } from './sql/utilities.ts';

export { type SqlFacts, UNREADABLE_SQL } from './sql/facts.ts';
export { SQL_RISKS, type SqlRisk } from './sql/statements.ts';

/** Reads one SQL text. A text that Postgres' grammar refuses has the highest risk. */
export type ReadSql = (text: string) => SqlFacts;

/**
 * Loads the grammar (about 50 ms) and returns the reader, which is pure and synchronous.
 *
 * The facts are of the text alone. What a view, a trigger, a rule, a function or an operator of the database does is not
 * in it: functions that aren't known count as writing, and a name may mean another table under another search path.
 * Postgres calls a function by `c.purge` where c has no such column: that is read as a column, but for functions that are
 * known to do more than compute.
 */
export async function loadSqlReader(): Promise<ReadSql> {
  const grammar = await SqlGrammar.load();
  const read: ReadSql = (text) => {
    const statements = grammar.parse(text);
    if (statements === undefined) return UNREADABLE_SQL;
    try {
      return factsOf(statements);
    } catch {
      // A tree that is read wrongly is not read.
      return UNREADABLE_SQL;
    }
  };
  // One call's text is read for the policies in force, for those tried beside them, and for those who approve it.
  let last: { readonly text: string; readonly facts: SqlFacts } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, facts: read(text) };
    return last.facts;
  };
}

function factsOf(statements: readonly Fields[]): SqlFacts {
  const tally = new SqlTally();
  const reading = readingInto(tally);
  for (const { stmt } of statements) reading.statement(stmt, new Map(), 'top');
  return tally.facts(statements.length);
}

function readingInto(tally: SqlTally): Reading {
  const reading: Reading = {
    tally,
    statement: (wrapped, scope, place) => readStatement(reading, wrapped, scope, place),
    with: (clause, outer) => readWith(reading, clause, outer),
    from: (clause, scope) => readFrom(reading, clause, scope),
    expressions: (value, scope) => readExpressions(reading, value, scope),
    columns: (targets) => readTargets(reading, targets),
    into: readingInto,
  };
  return reading;
}

function readStatement(reading: Reading, wrapped: unknown, scope: Scope, place: Place): Extent {
  const node = nodeOf(wrapped);
  if (node === undefined) return 'none';
  const { name, fields } = node;
  if (name === 'SelectStmt') return readSelect(reading, fields, scope, place);
  if (place === 'with') reading.tally.writesInCte = true;
  switch (name) {
    case 'InsertStmt':
      return readInsert(reading, fields, scope);
    case 'UpdateStmt':
      return readUpdate(reading, fields, scope);
    case 'DeleteStmt':
      return readDelete(reading, fields, scope);
    case 'MergeStmt':
      return readMerge(reading, fields, scope);
    default:
      readUtility(reading, name, fields, scope);
      return 'none';
  }
}
