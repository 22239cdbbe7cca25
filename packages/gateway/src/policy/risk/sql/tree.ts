/**
 * Reading the grammar's tree. Nodes are `{"SelectStmt": {…fields}}`; where a field's type is fixed the fields come
 * without the wrapper. Everything is looked at by shape, because the tree is data from outside our types.
 */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  // Anything but an object has no fields of interest.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The name and fields of a wrapped node. */
export function nodeOf(value: unknown): { readonly name: string; readonly fields: Fields } | undefined {
  const [entry] = Object.entries(fieldsOf(value));
  return entry === undefined ? undefined : { name: entry[0], fields: fieldsOf(entry[1]) };
}

export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Texts of a list of `String` nodes; other nodes (`*`) are left out. */
export function stringsOf(value: unknown): string[] {
  return listOf(value).flatMap((item) => stringOf(fieldsOf(fieldsOf(item).String).sval) ?? []);
}

/** The text of a constant, where a node is one. */
export function constantText(value: unknown): string | undefined {
  const constant = fieldsOf(fieldsOf(value).A_Const);
  if ('sval' in constant) return stringOf(fieldsOf(constant.sval).sval) ?? '';
  const cast = fieldsOf(value).TypeCast;
  return cast === undefined ? undefined : constantText(fieldsOf(cast).arg);
}

/** The number of an integer constant, where a node is one; the grammar leaves zero out. */
export function constantInteger(value: unknown): number | undefined {
  const constant = fieldsOf(fieldsOf(value).A_Const);
  if (!('ival' in constant)) return undefined;
  const { ival = 0 } = fieldsOf(constant.ival);
  return typeof ival === 'number' ? ival : undefined;
}

/** Parts of a name as SQL would write it: quoted where it isn't plain, so that `"a.b"` isn't `a.b`. */
export function sqlName(parts: readonly (string | undefined)[]): string {
  return parts
    .filter((part) => part !== undefined && part !== '')
    .map((part) => (/^[a-z_][a-z0-9_$]*$/.test(part ?? '') ? part : `"${part?.replaceAll('"', '""')}"`))
    .join('.');
}

/** `schema.table` of a `RangeVar`'s fields. */
export function tableName(range: Fields): string {
  return sqlName([stringOf(range.catalogname), stringOf(range.schemaname), stringOf(range.relname)]);
}
