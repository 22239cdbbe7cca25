import type { CompiledPolicy } from '../compile.ts';
import { APPROVAL_ANNOTATION } from '../demands.ts';
import { placeAt } from '../places.ts';
import { tokensOf } from '../tokens.ts';
import type { Around, Misfit } from './around.ts';
import { pathOf } from './paths.ts';

/** Flows listed in a message; who has more looks them up. */
const LISTED_MAX = 20;

/**
 * Approval flows that a policy names and that there are not. A call that demands such an approval could only be denied,
 * and a condition on it never holds.
 */
export function flowMisfits(
  { flow, json, offset, text }: CompiledPolicy,
  document: string,
  { flows, nearest }: Pick<Around, 'flows' | 'nearest'>,
): Omit<Misfit, 'policy'>[] {
  const named = new Set(flow === undefined ? [] : [flow]);
  for (const { body } of json.conditions) collect(body, named);
  const known = [...flows].sort();
  return [...named]
    .filter((name) => !flows.has(name))
    .map((name) => {
      const meant = nearest(name, known);
      const there =
        known.length === 0
          ? 'there are none yet: apply a document of kind ApprovalFlow before or together with this policy'
          : `there are ${known.slice(0, LISTED_MAX).join(', ')}${known.length > LISTED_MAX ? ', …' : ''}`;
      const at = Buffer.byteLength(text.slice(0, placeOf(text, name, name === flow)));
      return {
        message: `there is no approval flow "${name}"`,
        ...placeAt(document, offset + at),
        help: meant === undefined ? there : `did you mean "${meant}"? ${there}`,
        refused: true,
        flow: name,
      };
    });
}

/** Names in `context.approval.flows.contains("…")`, `containsAny` and `containsAll`. */
function collect(node: unknown, named: Set<string>): void {
  if (typeof node !== 'object' || node === null) return;
  // As in paths.ts: the engine's expression, or the operands of one.
  for (const [operator, operands] of Object.entries(node as Record<string, unknown>)) {
    if (operator === 'Value') continue;
    if (/^contains(All|Any)?$/.test(operator) && isOnFlows(operands)) {
      for (const name of textsIn(operands.right)) named.add(name);
    } else collect(operands, named);
  }
}

function isOnFlows(operands: unknown): operands is { left: unknown; right: unknown } {
  if (typeof operands !== 'object' || operands === null || !('left' in operands) || !('right' in operands))
    return false;
  // Cast: an operand is an expression.
  return pathOf(operands.left as Record<string, unknown>)?.join('.') === 'approval.flows';
}

/** The texts that a literal, or a set of literals, is. */
function textsIn(expression: unknown): string[] {
  if (typeof expression !== 'object' || expression === null) return [];
  if ('Value' in expression) return typeof expression.Value === 'string' ? [expression.Value] : [];
  if ('Set' in expression && Array.isArray(expression.Set)) return expression.Set.flatMap(textsIn);
  return [];
}

/** The annotation, or the first place where the name stands as a text. */
function placeOf(text: string, name: string, annotated: boolean): number {
  const tokens = tokensOf(text);
  const at = annotated
    ? tokens.find(({ value }, index) => value === '@' && tokens[index + 1]?.value === APPROVAL_ANNOTATION)
    : tokens.find(({ kind, value }) => kind === 'text' && value.slice(1, -1) === name);
  return at?.start ?? 0;
}
