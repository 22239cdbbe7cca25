import { SQL_BULK_ROWS } from '../limits.ts';
import { constantInteger, constantText, type Fields, fieldsOf, listOf, stringsOf } from './tree.ts';

/**
 * Whether a condition picks some rows out of a table, as far as its form tells: it names a column, and it is not one
 * of the forms that keep nearly every row (`1 = 1`, `id = id`, `id IN (1, id)`, `id IS NOT NULL`, `x <> …`, `NOT …`, `LIKE '%'`, or one
 * of these behind an `OR`). That `id > 0` keeps every row, the text does not say.
 *
 * @param outer names of the tables around, for conditions by `EXISTS`.
 */
export function restricts(condition: unknown, outer: ReadonlySet<string>): boolean {
  const node = fieldsOf(condition);
  if (node.CurrentOfExpr !== undefined) return true;
  if (node.BoolExpr !== undefined) {
    const { boolop, args } = fieldsOf(node.BoolExpr);
    const restricting = (arg: unknown) => restricts(arg, outer);
    if (boolop === 'AND_EXPR') return listOf(args).some(restricting);
    return boolop === 'OR_EXPR' && listOf(args).every(restricting);
  }
  if (node.NullTest !== undefined) {
    const { nulltesttype } = fieldsOf(node.NullTest);
    return nulltesttype === 'IS_NULL' && mentionsColumn(condition, outer);
  }
  if (node.BooleanTest !== undefined) {
    const { booltesttype } = fieldsOf(node.BooleanTest);
    return !String(booltesttype).startsWith('IS_NOT_') && mentionsColumn(condition, outer);
  }
  if (node.A_Expr !== undefined && keepsNearlyAll(fieldsOf(node.A_Expr))) return false;
  return mentionsColumn(condition, outer);
}

function keepsNearlyAll({ kind, name, lexpr, rexpr }: Fields): boolean {
  const operator = stringsOf(name).at(-1) ?? '';
  if (
    operator === '<>' ||
    operator.startsWith('!') ||
    kind === 'AEXPR_NOT_BETWEEN' ||
    kind === 'AEXPR_DISTINCT'
  ) {
    return true;
  }
  const pattern = constantText(rexpr);
  if ((kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE') && /^%*$/.test(pattern ?? 'x')) return true;
  const choices = kind === 'AEXPR_IN' ? listOf(fieldsOf(fieldsOf(rexpr).List).items) : [];
  return [rexpr, ...choices].some((choice) => sameExpression(lexpr, choice));
}

function sameExpression(left: unknown, right: unknown): boolean {
  const form = (value: unknown) =>
    JSON.stringify(value, (key, inner) => (key === 'location' ? undefined : inner));
  return left !== undefined && form(left) === form(right);
}

/** Whether an expression depends on a row: on a column, or through a subquery on a column of a table around it. */
function mentionsColumn(expression: unknown, outer: ReadonlySet<string>): boolean {
  if (Array.isArray(expression)) return expression.some((item) => mentionsColumn(item, outer));
  const node = fieldsOf(expression);
  if (node.ColumnRef !== undefined) return true;
  if (node.SubLink !== undefined) {
    const { testexpr, subselect } = fieldsOf(node.SubLink);
    return mentionsColumn(testexpr, outer) || mentionsTable(subselect, outer);
  }
  return Object.values(node).some((value) => typeof value === 'object' && mentionsColumn(value, outer));
}

function mentionsTable(expression: unknown, tables: ReadonlySet<string>): boolean {
  if (Array.isArray(expression)) return expression.some((item) => mentionsTable(item, tables));
  const node = fieldsOf(expression);
  if (node.ColumnRef !== undefined) {
    const names = stringsOf(fieldsOf(node.ColumnRef).fields);
    return names.length > 1 && tables.has(names[0] ?? '');
  }
  return Object.values(node).some((value) => typeof value === 'object' && mentionsTable(value, tables));
}

/** The rows that a `LIMIT` lets through, where it is a constant and small enough to be a bound. */
export function boundOf({ limitCount, limitOption }: Fields): number | undefined {
  // WITH TIES lets any number of equal rows through.
  if (limitOption !== 'LIMIT_OPTION_COUNT') return undefined;
  const count = constantInteger(limitCount);
  return count !== undefined && count <= SQL_BULK_ROWS ? count : undefined;
}
