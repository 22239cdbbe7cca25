import type { Clause } from '@cedar-policy/cedar-wasm/nodejs';
import { tokensOf } from '../tokens.ts';

/** One way from `context` that a policy's conditions look at: `['arguments', 'amount']`. */
export interface ContextPath {
  readonly names: readonly string[];
  /** How many of the names are taken to be there; of the others, if any, it is asked whether they are (`has`). */
  readonly taken: number;
}

/** Every way from `context` in the conditions, as far as each goes, in the order of their text. */
export function contextPaths(conditions: readonly Clause[]): ContextPath[] {
  const found: ContextPath[] = [];
  for (const { body } of conditions) visit(body, found);
  return found;
}

function visit(node: unknown, found: ContextPath[]): void {
  if (typeof node !== 'object' || node === null) return;
  // The engine's expression, or the operands of one; a cast because the union has no shape in common.
  const expression = node as Record<string, unknown>;
  if ('Value' in expression) return;
  const path = pathOf(expression);
  if (path === undefined) {
    for (const operands of Object.values(expression)) visit(operands, found);
    return;
  }
  if (path.length === 0) return;
  // Casts: the engine's form of an access.
  const tested = expression.has as { left: Record<string, unknown> } | undefined;
  const taken = tested === undefined ? path.length : (pathOf(tested.left)?.length ?? 0);
  found.push({ names: path, taken });
}

/** Names on the way from `context` to what an expression is; undefined where it doesn't begin there. */
export function pathOf(expression: Record<string, unknown>): readonly string[] | undefined {
  if (expression.Var === 'context') return [];
  const access = expression['.'] ?? expression.has;
  if (typeof access !== 'object' || access === null || !('left' in access) || !('attr' in access))
    return undefined;
  // Casts: the engine's form of an access.
  const left = pathOf(access.left as Record<string, unknown>);
  return left?.concat(access.attr as string | string[]);
}

/** Whether the conditions look at the resource themselves, and so may mean fewer than the scope says. */
export function looksAtResource(conditions: readonly Clause[]): boolean {
  return JSON.stringify(conditions).includes('{"Var":"resource"}');
}

/**
 * Where a text speaks of the last of these names, as an index into it: behind the names before it where they stand one
 * after the other, else the first place where it stands at all; 0 where none is found, as for a name with escapes.
 */
export function placeOfPath(text: string, names: readonly string[]): number {
  const words = tokensOf(text)
    .filter(({ kind }) => kind === 'word' || kind === 'text')
    .map(({ kind, value, start }) => ({ start, name: kind === 'text' ? value.slice(1, -1) : value }))
    .filter(({ name }) => name !== 'has');
  const from = ['context', ...names];
  const whole = words.findIndex((_, at) => from.every((name, n) => words[at + n]?.name === name));
  const found = whole < 0 ? words.find(({ name }) => name === names.at(-1)) : words[whole + from.length - 1];
  return found?.start ?? 0;
}
