import { fieldEffect, functionEffect, givesRows } from './functions.ts';
import type { Reading, Scope } from './reading.ts';
import { constantText, type Fields, fieldsOf, listOf, sqlName, stringOf, stringsOf } from './tree.ts';

/** Reads functions, columns and subqueries out of expressions, at any depth. */
export function readExpressions(reading: Reading, value: unknown, scope: Scope): void {
  if (Array.isArray(value)) {
    for (const item of value) readExpressions(reading, item, scope);
    return;
  }
  for (const [name, inner] of Object.entries(fieldsOf(value))) {
    if (typeof inner !== 'object' || inner === null) continue;
    switch (name) {
      case 'SelectStmt':
      case 'InsertStmt':
      case 'UpdateStmt':
      case 'DeleteStmt':
      case 'MergeStmt':
        reading.statement({ [name]: inner }, scope, 'inside');
        continue;
      case 'ColumnRef':
        readColumn(reading, fieldsOf(inner));
        continue;
      case 'FuncCall':
        readCall(reading, fieldsOf(inner));
        break;
      case 'IndexElem':
        readIndexed(reading, fieldsOf(inner));
        break;
      case 'A_Indirection':
        readField(reading, fieldsOf(inner));
        break;
      case 'A_Expr':
        readOperator(reading, fieldsOf(inner).name);
        break;
      case 'SortBy':
        readOperator(reading, fieldsOf(inner).useOp);
        break;
      case 'SubLink':
        readOperator(reading, fieldsOf(inner).operName);
        break;
    }
    readExpressions(reading, inner, scope);
  }
}

/** Columns that are assigned or listed by name. */
export function readTargets(reading: Reading, targets: unknown): void {
  for (const target of listOf(targets)) {
    const name = stringOf(fieldsOf(fieldsOf(target).ResTarget).name);
    if (name !== undefined) reading.tally.columns.add(sqlName([name]));
  }
}

function readColumn(reading: Reading, { fields }: Fields): void {
  const { tally } = reading;
  const names = stringsOf(fields);
  const name = names.at(-1) ?? '';
  if (listOf(fields).some((field) => fieldsOf(field).A_Star !== undefined)) tally.columns.add('*');
  else tally.columns.add(sqlName([name]));
  if (names.length === 1) tally.bareColumns.add(name);
  // `f.pg_read_file` calls the function where f has no such column. That `c.name` is a column can only be believed.
  else if (fieldEffect(name) !== undefined) call(reading, [name], undefined);
}

/** A column of an index, or of the one that ON CONFLICT means. */
function readIndexed({ tally }: Reading, { name }: Fields): void {
  const column = stringOf(name);
  if (column !== undefined) tally.columns.add(sqlName([column]));
}

/** `('/etc/passwd'::text).pg_read_file` is a call. A field of a composite value looks the same. */
function readField(reading: Reading, { arg, indirection }: Fields): void {
  const rows = givesRows(stringsOf(fieldsOf(fieldsOf(arg).FuncCall).funcname));
  for (const name of stringsOf(indirection)) {
    if (!rows || fieldEffect(name) !== undefined) call(reading, [name], constantText(arg));
  }
}

function readCall(reading: Reading, { funcname, args }: Fields): void {
  call(reading, stringsOf(funcname), constantText(listOf(args)[0]));
}

function call({ tally }: Reading, parts: readonly string[], firstArgument: string | undefined): void {
  const name = sqlName(parts[0] === 'pg_catalog' ? parts.slice(1) : parts);
  tally.functions.add(name);
  const effect = functionEffect(parts, firstArgument);
  if (effect === 'none') return;
  if (/^"?pg_(?:try_)?advisory_/.test(name)) tally.locks = true;
  if (effect === 'role') tally.setsRole = true;
  if (effect === 'role' || effect === 'outside') tally.outside.add(`function ${name}`);
  tally.raiseByFunction(effect === 'role' ? 'outside' : effect);
}

/** An operator with a schema is a function that somebody defined. */
function readOperator({ tally }: Reading, name: unknown): void {
  const parts = stringsOf(name);
  if (parts.length < 2 || parts[0] === 'pg_catalog') return;
  tally.functions.add(sqlName(parts));
  tally.raiseByFunction('write');
}
