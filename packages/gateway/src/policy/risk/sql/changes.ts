import { restricts } from './conditions.ts';
import type { Extent, Reading, Scope } from './reading.ts';
import { type Fields, fieldsOf, listOf, stringOf, tableName } from './tree.ts';

/** INSERT, also with ON CONFLICT. */
export function readInsert(reading: Reading, fields: Fields, outer: Scope): Extent {
  const scope = readTarget(reading, 'insert', fields, outer);
  reading.tally.raise('write');
  reading.columns(fields.cols);
  reading.statement(fields.selectStmt, scope, 'inside');
  const conflict = fieldsOf(fields.onConflictClause);
  reading.columns(conflict.targetList);
  reading.expressions([conflict, fields.returningClause, fields.returningList], scope);
  return 'bounded';
}

export function readUpdate(reading: Reading, fields: Fields, outer: Scope): Extent {
  const scope = readTarget(reading, 'update', fields, outer);
  reading.columns(fields.targetList);
  reading.expressions(fields.targetList, scope);
  return readCondition(reading, fields, fields.fromClause, scope);
}

export function readDelete(reading: Reading, fields: Fields, outer: Scope): Extent {
  const scope = readTarget(reading, 'delete', fields, outer);
  return readCondition(reading, fields, fields.usingClause, scope);
}

/** Which rows an UPDATE or DELETE changes: without a condition, all of a table. */
function readCondition(reading: Reading, fields: Fields, sources: unknown, scope: Scope): Extent {
  const { names } = reading.from(sources, scope);
  const target = fieldsOf(fields.relation);
  const targetName = stringOf(fieldsOf(target.alias).aliasname) ?? String(target.relname);
  reading.tally.rowNames.add(targetName);
  reading.expressions([fields.whereClause, fields.returningClause, fields.returningList], scope);
  return settle(reading, restricts(fields.whereClause, new Set([...names, targetName])));
}

export function readMerge(reading: Reading, fields: Fields, outer: Scope): Extent {
  const scope = readTarget(reading, 'merge', fields, outer);
  const { names } = reading.from([fields.sourceRelation], scope);
  reading.expressions([fields.joinCondition, fields.mergeWhenClauses, fields.returningClause], scope);
  let sweeping = false;
  for (const clause of listOf(fields.mergeWhenClauses)) {
    const { targetList, matchKind, commandType, condition } = fieldsOf(fieldsOf(clause).MergeWhenClause);
    reading.columns(targetList);
    // Rows of the target that no row of the source is joined to.
    const bySource = matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE' && commandType !== 'CMD_NOTHING';
    if (bySource && !restricts(condition, names)) sweeping = true;
  }
  return settle(reading, !sweeping && restricts(fields.joinCondition, names));
}

function settle(reading: Reading, where: boolean): Extent {
  reading.tally.conditions.push(where);
  reading.tally.raise(where ? 'write' : 'destroy');
  return where ? 'bounded' : 'unbounded';
}

/** The table that is changed; returns the scope of the rest. */
function readTarget(reading: Reading, kind: string, fields: Fields, outer: Scope): Scope {
  const scope = reading.with(fields.withClause, outer);
  const table = tableName(fieldsOf(fields.relation));
  reading.tally.kinds.add(kind);
  reading.tally.changesTable(table);
  const returns = fields.returningClause !== undefined || fields.returningList !== undefined;
  if (returns) reading.tally.readsTable(table);
  return scope;
}
