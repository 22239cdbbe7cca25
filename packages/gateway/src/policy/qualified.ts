import type { Clause, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { TOOL_TYPE } from './schema.ts';

/**
 * Tools have two names in policies: `Tool::"transfer"` is the tool of that name on whatever server the policy speaks
 * of, `Tool::"core-banking/transfer"` the one of that server alone. A tool's entity has the short name and is in the
 * full one; so that `resource == Tool::"core-banking/transfer"` means what it says, it is read as `in`.
 *
 * @returns the policy with such comparisons as `in`; the same object where it has none.
 */
export function readFullNames(policy: PolicyJson): PolicyJson {
  const { resource } = policy;
  const scope =
    resource.op === '==' && 'entity' in resource && isFullName(resource.entity)
      ? { ...resource, op: 'in' as const }
      : resource;
  const conditions = policy.conditions.map((clause) => rewrite(clause));
  const same = scope === resource && conditions.every((clause, index) => clause === policy.conditions[index]);
  return same ? policy : { ...policy, resource: scope, conditions };
}

function rewrite(clause: Clause): Clause {
  const body = walk(clause.body);
  // Cast: the walk keeps the form of an expression and only turns "==" into "in".
  return body === clause.body ? clause : { ...clause, body: body as Clause['body'] };
}

/** The same value where nothing was rewritten below it. */
function walk(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items: unknown[] = value;
    const walked = items.map(walk);
    return walked.every((item, index) => item === items[index]) ? value : walked;
  }
  if (typeof value !== 'object' || value === null) return value;
  if ('==' in value && comparesFullName(value['=='])) return { in: value['=='] };
  const entries = Object.entries(value);
  const walked = entries.map(([key, member]) => [key, walk(member)] as const);
  return walked.every(([, member], index) => member === entries[index]?.[1])
    ? value
    : Object.fromEntries(walked);
}

/** `resource == Tool::"server/tool"`, in this order: the other order does not mean the same with `in`. */
function comparesFullName(operands: unknown): boolean {
  if (typeof operands !== 'object' || operands === null || !('left' in operands) || !('right' in operands))
    return false;
  const { left, right } = operands;
  const isResource = typeof left === 'object' && left !== null && 'Var' in left && left.Var === 'resource';
  return (
    isResource && typeof right === 'object' && right !== null && 'Value' in right && isFullName(right.Value)
  );
}

function isFullName(uid: unknown): boolean {
  if (typeof uid !== 'object' || uid === null) return false;
  const entity: unknown = '__entity' in uid ? uid.__entity : uid;
  if (typeof entity !== 'object' || entity === null || !('type' in entity) || !('id' in entity)) return false;
  return entity.type === TOOL_TYPE && typeof entity.id === 'string' && entity.id.includes('/');
}
