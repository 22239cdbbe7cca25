import type { Clause, Expr } from '@cedar-policy/cedar-wasm/nodejs';
import { READERS, type ReaderName } from './risk/cedar-types.ts';
import { FACTS, type Fact } from './schema.ts';

/** What of the context an expression may look at. Never less than it does. */
export interface Reads {
  readonly facts: ReadonlySet<Fact>;
  /** Names of arguments, or `all` where they are used as a whole or by a name that isn't in the text. */
  readonly arguments: ReadonlySet<string> | 'all';
  /** Readers whose facts are read, and which of these; none where only their presence is asked for. */
  readonly risk: ReadonlyMap<ReaderName, Members>;
}

/** Names of members, or `all` where a record is used as a whole. */
export type Members = ReadonlySet<string> | 'all';

/** Whether anything of the arguments is read, by itself or as risk. */
export function readsArguments(reads: Reads): boolean {
  return reads.arguments === 'all' || reads.arguments.size > 0 || reads.risk.size > 0;
}

/** Whether something is read that isn't known before the call is made: its arguments, or the approvals it will have. */
export function readsTheCall(reads: Reads): boolean {
  return readsArguments(reads) || reads.facts.has('approval');
}

/** What any of several parts may look at. */
export function joinReads(parts: readonly Reads[]): Reads {
  const facts = new Set<Fact>();
  const names = new Set<string>();
  const risk = new Map<ReaderName, Members>();
  let all = false;
  for (const part of parts) {
    for (const fact of part.facts) facts.add(fact);
    for (const [reader, members] of part.risk) addMembers(risk, reader, members);
    if (part.arguments === 'all') all = true;
    else for (const name of part.arguments) names.add(name);
  }
  return { facts, arguments: all ? 'all' : names, risk };
}

/** What the conditions of one policy may look at, from the engine's JSON form of them. */
export function readsOf(conditions: readonly Clause[]): Reads {
  const found: Found = { facts: new Set(), names: new Set(), risk: new Map(), all: false };
  for (const { body } of conditions) visit(body, found);
  return { facts: found.facts, arguments: found.all ? 'all' : found.names, risk: found.risk };
}

/** Levels of an expression's JSON form, to keep it within what the engine survives (limits.ts). */
export function depthOf(expression: unknown): number {
  // A loop, not a recursion: this measures what would be too deep to recurse into.
  let deepest = 0;
  const waiting: { value: unknown; depth: number }[] = [{ value: expression, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue;
    const depth = next.depth + 1;
    deepest = Math.max(deepest, depth);
    for (const value of Object.values(next.value)) waiting.push({ value, depth });
  }
  // Two levels per operator: {"&&": {"left": …}}.
  return Math.ceil(deepest / 2);
}

interface Found {
  facts: Set<Fact>;
  names: Set<string>;
  risk: Map<ReaderName, Members>;
  all: boolean;
}

function addMembers(risk: Found['risk'], reader: ReaderName, members: Members): void {
  const known = risk.get(reader);
  if (known === 'all') return;
  risk.set(reader, members === 'all' || known === undefined ? members : new Set([...known, ...members]));
}

function visit(node: unknown, found: Found): void {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const item of node) visit(item, found);
    return;
  }
  // The engine's expression, or the operands of one; a cast because the union has no shape in common.
  const expression = node as Record<string, unknown>;
  if ('Value' in expression) return;
  const path = contextPath(expression);
  if (path !== undefined) {
    note(path, found, 'has' in expression);
    return;
  }
  if ('Record' in expression) {
    // Its members' names are the author's and may be those of operators.
    for (const member of Object.values(expression.Record as Record<string, unknown>)) visit(member, found);
    return;
  }
  for (const operands of Object.values(expression)) visit(operands, found);
}

/** `['arguments', 'amount']` for `context.arguments.amount`, also where it is tested by `has`. */
function contextPath(expression: Record<string, unknown>): readonly string[] | undefined {
  if (expression.Var === 'context') return [];
  const access = expression['.'] ?? expression.has;
  if (typeof access !== 'object' || access === null || !('left' in access) || !('attr' in access))
    return undefined;
  const left = contextPath(access.left as Expr as Record<string, unknown>);
  if (left === undefined) return undefined;
  return left.concat(access.attr as string | string[]);
}

/** @param onlyPresence the last part of the path is tested by `has`, and its value not used. */
function note(path: readonly string[], found: Found, onlyPresence: boolean): void {
  const [fact, name, member] = path;
  if (fact === undefined) {
    for (const each of FACTS) found.facts.add(each);
    for (const reader of READERS) addMembers(found.risk, reader, 'all');
    found.all = true;
  } else if (fact === 'risk') {
    const present: Members = onlyPresence ? new Set() : 'all';
    const members = member === undefined ? present : new Set([member]);
    for (const reader of READERS) {
      if (name === undefined || name === reader) addMembers(found.risk, reader, members);
    }
  } else if (fact === 'arguments') {
    if (name === undefined) found.all = true;
    else found.names.add(name);
  } else {
    const known = FACTS.find((each) => each === fact);
    // A fact that no request carries: `has` says so and an access fails, whatever the call is.
    if (known !== undefined) found.facts.add(known);
  }
}
