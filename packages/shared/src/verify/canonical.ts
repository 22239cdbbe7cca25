/**
 * Whether a text is the RFC 8785 (JCS) form of the value it stands for, with integers within 2^53 only and without
 * lone surrogates. Then no two texts stand for one entry.
 */
export function isCanonical(text: string, value: unknown): boolean {
  return canonical(value) === text;
}

/** The canonical text, or undefined when there is none. */
function canonical(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? JSON.stringify(value) : undefined;
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : undefined;
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? canonicalList(value) : canonicalObject(value);
    default:
      return undefined;
  }
}

function canonicalList(list: readonly unknown[]): string | undefined {
  const items = list.map(canonical);
  return items.includes(undefined) ? undefined : `[${items.join(',')}]`;
}

function canonicalObject(object: object): string | undefined {
  // By UTF-16 code units, which is what sort does (RFC 8785 §3.2.3).
  const members = Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  let text = '';
  for (const [name, member] of members) {
    const written = canonical(member);
    if (written === undefined || !name.isWellFormed()) return undefined;
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${written}`;
  }
  return `{${text}}`;
}
