import { functionEffect } from './functions.ts';
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
      case 'A_Expr':
        readOperator(reading, fieldsOf(inner));
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

function readColumn({ tally }: Reading, { fields }: Fields): void {
  const names = stringsOf(fields);
  if (listOf(fields).some((field) => fieldsOf(field).A_Star !== undefined)) tally.columns.add('*');
  else tally.columns.add(sqlName(names.slice(-1)));
  if (names.length === 1) tally.bareColumns.add(names[0] ?? '');
}

function readCall({ tally }: Reading, { funcname, args }: Fields): void {
  const parts = stringsOf(funcname);
  const name = sqlName(parts[0] === 'pg_catalog' ? parts.slice(1) : parts);
  tally.functions.add(name);
  const effect = functionEffect(parts, constantText(listOf(args)[0]));
  if (effect === 'none') return;
  if (/^"?pg_(?:try_)?advisory_/.test(name)) tally.locks = true;
  if (effect === 'role') tally.setsRole = true;
  if (effect === 'role' || effect === 'outside') tally.outside.add(`function ${name}`);
  tally.raiseByFunction(effect === 'role' ? 'outside' : effect);
}

/** An operator with a schema is a function that somebody defined. */
function readOperator({ tally }: Reading, { name }: Fields): void {
  const parts = stringsOf(name);
  if (parts.length < 2 || parts[0] === 'pg_catalog') return;
  tally.functions.add(sqlName(parts));
  tally.raiseByFunction('write');
}
