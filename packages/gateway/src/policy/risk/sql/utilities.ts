import { SqlTally } from './facts.ts';
import { isRoleSetting } from './functions.ts';
import type { Reading, Scope } from './reading.ts';
import { UTILITIES } from './statements.ts';
import { type Fields, fieldsOf, listOf, sqlName, stringOf, stringsOf, tableName } from './tree.ts';

/** Every statement but SELECT, INSERT, UPDATE, DELETE and MERGE. */
export function readUtility(reading: Reading, name: string, fields: Fields, scope: Scope): void {
  const { tally } = reading;
  switch (name) {
    case 'CopyStmt':
      readCopy(reading, fields, scope);
      return;
    case 'ExplainStmt':
      readExplain(reading, fields, scope);
      return;
    case 'VariableSetStmt':
      readSetting(reading, fields, scope);
      return;
    case 'PrepareStmt':
      tally.kinds.add('prepare');
      reading.statement(fields.query, scope, 'top');
      return;
    case 'DeclareCursorStmt':
      tally.kinds.add('declare');
      reading.statement(fields.query, scope, 'top');
      return;
    case 'CreateTableAsStmt':
      tally.kinds.add('create');
      tally.ddl = true;
      tally.raise('destroy');
      tally.writes.add(tableName(fieldsOf(fieldsOf(fields.into).rel)));
      reading.statement(fields.query, scope, 'inside');
      return;
    case 'CallStmt':
      tally.kinds.add('call');
      // A procedure does what its author wrote, and may commit.
      tally.raise('destroy');
      reading.expressions({ FuncCall: fields.funccall }, scope);
      return;
    default:
      readListed(reading, name, fields, scope);
  }
}

function readListed(reading: Reading, name: string, fields: Fields, scope: Scope): void {
  const { tally } = reading;
  const utility = UTILITIES.get(name);
  tally.kinds.add(utility?.kind ?? 'other');
  if (utility === undefined) tally.reachOut(`statement ${name}`);
  else if (utility.risk === 'outside') tally.reachOut(phrase(name));
  else tally.raise(utility.risk);
  for (const mark of utility?.marks ?? []) {
    if (mark === 'transaction') tally.transactionControl = true;
    else tally[mark] = true;
  }
  // Ends a transaction that was prepared elsewhere, of which the text says nothing.
  if (/_PREPARED$/.test(String(fields.kind))) tally.raise('destroy');
  if (fields.target === 'DISCARD_ALL') actAs(tally, 'discard all');
  const objectType = String(fields.removeType ?? fields.objtype ?? fields.renameType ?? '');
  if (utility?.marks?.includes('transaction') !== true) readChanged(tally, fields, objectType);
  reading.expressions(fields, scope);
}

/** `CreateFunctionStmt` → `create function`. */
function phrase(name: string): string {
  return name
    .replace(/Stmt$/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
}

/** Tables that a statement names, as ranges or, where they are dropped or commented on, as lists of names. */
function readChanged(tally: SqlTally, value: unknown, objectType: string): void {
  if (Array.isArray(value)) {
    for (const item of value) readChanged(tally, item, objectType);
    return;
  }
  const node = fieldsOf(value);
  if (typeof node.relname === 'string') tally.writes.add(tableName(node));
  if (
    node.List !== undefined &&
    /^OBJECT_(?:FOREIGN_TABLE|TABLE|VIEW|MATVIEW|SEQUENCE|COLUMN)$/.test(objectType)
  ) {
    const names = stringsOf(fieldsOf(node.List).items);
    tally.writes.add(sqlName(objectType === 'OBJECT_COLUMN' ? names.slice(0, -1) : names));
  }
  for (const [key, inner] of Object.entries(node)) {
    // Queries inside are read as such.
    if (key !== 'SelectStmt' && typeof inner === 'object') readChanged(tally, inner, objectType);
  }
}

function readCopy(reading: Reading, fields: Fields, scope: Scope): void {
  const { tally } = reading;
  tally.kinds.add('copy');
  const direction = fields.is_from === true ? 'from' : 'to';
  if (fields.is_program === true) tally.reachOut(`copy ${direction} program`);
  else if (fields.filename !== undefined) tally.reachOut(`copy ${direction} file`);
  for (const column of stringsOf(fields.attlist)) tally.columns.add(sqlName([column]));
  if (fields.query !== undefined) {
    reading.statement(fields.query, scope, 'inside');
    tally.raise('bulk');
    return;
  }
  const table = tableName(fieldsOf(fields.relation));
  if (direction === 'from') {
    tally.changesTable(table);
    tally.raise('write');
  } else {
    tally.readsTable(table);
    tally.raise('bulk');
  }
  if (fields.attlist === undefined) tally.columns.add('*');
  reading.expressions(fields.whereClause, scope);
}

/** EXPLAIN only plans, which runs nothing but functions that say they are safe to run; with ANALYZE it runs all. */
function readExplain(reading: Reading, fields: Fields, scope: Scope): void {
  const { tally } = reading;
  tally.kinds.add('explain');
  const analyzes = listOf(fields.options).some((option) => {
    const { defname, arg } = fieldsOf(fieldsOf(option).DefElem);
    return defname === 'analyze' && !isOff(arg);
  });
  if (analyzes) {
    reading.statement(fields.query, scope, 'top');
    return;
  }
  const planned = new SqlTally();
  reading.into(planned).statement(fields.query, scope, 'top');
  for (const name of [...planned.reads, ...planned.writes]) tally.reads.add(name);
  for (const name of planned.columns) tally.columns.add(name);
  for (const name of planned.functions) tally.functions.add(name);
  tally.raise(planned.functionRisk);
}

function isOff(value: unknown): boolean {
  const node = fieldsOf(value);
  const text = stringOf(fieldsOf(node.String).sval);
  if (text !== undefined) return /^(?:off|false)$/i.test(text);
  // The grammar leaves a zero and a false out.
  return 'Integer' in node
    ? fieldsOf(node.Integer).ival === undefined
    : 'Boolean' in node && fieldsOf(node.Boolean).boolval !== true;
}

function readSetting(reading: Reading, fields: Fields, scope: Scope): void {
  const { tally } = reading;
  tally.kinds.add('set');
  const name = stringOf(fields.name) ?? '';
  if (isRoleSetting(name)) actAs(tally, `set ${name}`);
  else tally.raise('write');
  reading.expressions(fields.args, scope);
}

/** The session would be somebody else from here on, or its own again where it was made to be less. */
function actAs(tally: SqlTally, what: string): void {
  tally.setsRole = true;
  tally.reachOut(what);
}
