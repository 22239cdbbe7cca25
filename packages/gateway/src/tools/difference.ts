import { DIFFERENCES_MAX } from './limits.ts';
import { visible } from './visible.ts';

/** One place where two definitions differ, with all that hides in them spelled out. */
export interface Difference {
  /** JSON pointer (RFC 6901). */
  readonly path: string;
  /** Absent where it was added, or removed. */
  readonly before?: string;
  readonly after?: string;
}

/** Where two definitions in canonical form differ, in the order of their paths; the first DIFFERENCES_MAX of them. */
export function differences(before: string, after: string): Difference[] {
  const old = leaves(before);
  const now = leaves(after);
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort();
  const found: Difference[] = [];
  for (const path of paths) {
    const [was, is] = [old.get(path), now.get(path)];
    if (was === is) continue;
    found.push({
      path: visible(path),
      ...(was === undefined ? {} : { before: visible(was) }),
      ...(is === undefined ? {} : { after: visible(is) }),
    });
    if (found.length === DIFFERENCES_MAX) break;
  }
  return found;
}

/** The leaves of a definition by their paths; numbers as they stand. */
export function leaves(canonical: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null && !(value instanceof Lexeme)) {
      const members = Object.entries(value);
      if (members.length === 0) found.set(path, Array.isArray(value) ? '[]' : '{}');
      for (const [key, member] of members)
        walk(member, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
      return;
    }
    found.set(path, value instanceof Lexeme ? value.text : typeof value === 'string' ? value : String(value));
  };
  walk(
    JSON.parse(canonical, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' ? new Lexeme(context?.source ?? String(value)) : value,
    ),
    '',
  );
  return found;
}

class Lexeme {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
