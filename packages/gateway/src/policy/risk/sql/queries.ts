import { boundOf, restricts } from './conditions.ts';
import { isReducing } from './functions.ts';
import { capped, type Extent, joined, type Place, type Reading, type Scope } from './reading.ts';
import { type Fields, fieldsOf, listOf, nodeOf, sqlName, stringOf, stringsOf, tableName } from './tree.ts';

interface Result {
  readonly extent: Extent;
  /** Rows at most, where a constant says so. */
  readonly limit: number | undefined;
}

/** SELECT, VALUES and TABLE, with everything in them. */
export function readSelect(reading: Reading, fields: Fields, scope: Scope, place: Place): Extent {
  const { extent, limit } = readQuery(reading, fields, scope, place);
  if (place === 'top' && extent !== 'none') {
    reading.tally.limits.push(limit);
    if (extent === 'unbounded') reading.tally.raise('bulk');
  }
  return extent;
}

/** A whole query, or one arm of a UNION. */
function readQuery(reading: Reading, fields: Fields, outer: Scope, place: Place): Result {
  const { tally } = reading;
  tally.kinds.add('select');
  const scope = reading.with(fields.withClause, outer);
  if (fields.intoClause !== undefined) {
    tally.kinds.add('create');
    tally.ddl = true;
    tally.writes.add(tableName(fieldsOf(fieldsOf(fields.intoClause).rel)));
    tally.raise('destroy');
  }
  if (listOf(fields.lockingClause).length > 0) {
    tally.locks = true;
    tally.raise('write');
  }
  return fields.larg === undefined
    ? readPlain(reading, fields, scope, place)
    : readUnion(reading, fields, scope, place);
}

function readUnion(reading: Reading, fields: Fields, scope: Scope, place: Place): Result {
  const arms = [fields.larg, fields.rarg].map((arm) => readQuery(reading, fieldsOf(arm), scope, place));
  reading.expressions([fields.sortClause, fields.limitCount, fields.limitOffset], scope);
  const extent = joined(arms.map((arm) => arm.extent));
  const limit = boundOf(fields);
  if (limit !== undefined) return { extent: capped(extent), limit };
  let sum: number | undefined = 0;
  for (const arm of arms) {
    const most: number | undefined = arm.extent === 'none' ? 0 : arm.limit;
    sum = sum === undefined || most === undefined ? undefined : sum + most;
  }
  return { extent, limit: sum };
}

function readPlain(reading: Reading, fields: Fields, scope: Scope, place: Place): Result {
  const from = reading.from(fields.fromClause, scope);
  // Everything else in a query is expressions.
  const expressions = { ...fields, fromClause: undefined, withClause: undefined, intoClause: undefined };
  reading.expressions(expressions, scope);
  const limit = boundOf(fields);
  if (from.extent === 'none') return { extent: 'none', limit };
  const where = restricts(fields.whereClause, from.names);
  if (place !== 'inside') reading.tally.conditions.push(where);
  const small = limit !== undefined || where || isOneRow(fields);
  return { extent: small ? 'bounded' : from.extent, limit };
}

/** Whether a query gives one row of numbers, whatever it reads: `SELECT count(*) FROM t`. */
function isOneRow({ targetList, groupClause }: Fields): boolean {
  const targets = listOf(targetList);
  if (targets.length === 0 || listOf(groupClause).length > 0) return false;
  return targets.every((target) => {
    const { FuncCall: call } = fieldsOf(fieldsOf(fieldsOf(target).ResTarget).val);
    if (call === undefined) return false;
    const { funcname, over } = fieldsOf(call);
    return over === undefined && isReducing(stringsOf(funcname));
  });
}

export function readWith(reading: Reading, clause: unknown, outer: Scope): Scope {
  const { ctes, recursive } = fieldsOf(clause);
  const scope = new Map(outer);
  const queries = listOf(ctes).map((cte) => fieldsOf(fieldsOf(cte).CommonTableExpr));
  // Without RECURSIVE, `WITH t AS (SELECT … FROM t)` reads the real t.
  if (recursive === true) for (const { ctename } of queries) scope.set(String(ctename), 'unbounded');
  for (const { ctename, ctequery } of queries) {
    scope.set(String(ctename), reading.statement(ctequery, scope, 'with'));
  }
  return scope;
}

export function readFrom(reading: Reading, clause: unknown, scope: Scope) {
  const names = new Set<string>();
  const extents = listOf(clause).map((item) => readSource(reading, item, scope, names));
  for (const name of names) reading.tally.rowNames.add(name);
  return { extent: joined(extents), names };
}

function readSource(reading: Reading, item: unknown, scope: Scope, names: Set<string>): Extent {
  const node = nodeOf(item);
  if (node === undefined) return 'none';
  const { name, fields } = node;
  const alias = stringOf(fieldsOf(fields.alias).aliasname);
  if (alias !== undefined) names.add(alias);
  switch (name) {
    case 'RangeVar':
      if (alias === undefined) names.add(String(fields.relname));
      return readTable(reading, fields, scope);
    case 'JoinExpr': {
      const sides = [fields.larg, fields.rarg].map((side) => readSource(reading, side, scope, names));
      for (const column of stringsOf(fields.usingClause)) reading.tally.columns.add(sqlName([column]));
      reading.expressions(fields.quals, scope);
      return joined(sides);
    }
    case 'RangeSubselect':
      return reading.statement(fields.subquery, scope, 'inside');
    case 'RangeTableSample':
      reading.expressions([fields.args, fields.repeatable], scope);
      return readSource(reading, fields.relation, scope, names);
    default:
      // Functions, XMLTABLE, JSON_TABLE: rows made of values, not a table's.
      reading.expressions(fields, scope);
      return 'none';
  }
}

function readTable(reading: Reading, range: Fields, scope: Scope): Extent {
  const known = range.schemaname === undefined ? scope.get(String(range.relname)) : undefined;
  if (known !== undefined) return known;
  reading.tally.readsTable(tableName(range));
  return 'unbounded';
}
