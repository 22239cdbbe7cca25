import { canonicalDigest } from '@sallyport/shared/canonical-json';
import type { CompiledPolicy } from '../compile.ts';
import type { Engine } from '../engine.ts';
import { ARGUMENT_TYPINGS_MAX, TYPE_CHECKS_MAX } from '../limits.ts';
import { Remembered } from '../remembered.ts';
import { type ArgumentTypes, cedarSchema } from '../schema.ts';
import type { PolicyProblem } from '../types.ts';
import { validate } from '../validate.ts';
import { argumentPaths, type Subject } from './arguments.ts';
import type { Misfit } from './around.ts';
import { cedarType, isPlainMember } from './cedar-types.ts';
import { listed } from './names.ts';
import { looksAtResource } from './paths.ts';
import type { Shape } from './shape.ts';

/** Types of the arguments that a policy looks at, by name; of those that have parts it looks at, a map again. */
type Typed = Map<string, string | Typed>;

/**
 * Type checks by the engine, remembered: each takes it some milliseconds, most of them for the schema, and the same
 * policies are applied again and again.
 */
export class TypeChecks {
  readonly #engine: Engine;
  readonly #known = new Remembered<readonly PolicyProblem[]>(TYPE_CHECKS_MAX);

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  problemsOf(policy: CompiledPolicy, document: string, types: ArgumentTypes): readonly PolicyProblem[] {
    const key = canonicalDigest([policy.offset, document, types.call ?? '', types.request ?? '']);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const parsed = [{ text: document, policies: [policy] }];
    const [problems = []] = validate(this.#engine, parsed, cedarSchema(types));
    this.#known.set(key, problems);
    return problems;
  }
}

/**
 * What a policy does with arguments that their types don't allow: comparing a text with a number, say. The engine checks
 * it with a schema that has the types of just the arguments that the policy looks at, once for each way in which the
 * definitions in its scope type them. What is open has no type and isn't checked; `has` is taken to hold.
 */
export function typeMisfits(
  types: TypeChecks,
  policy: CompiledPolicy,
  document: string,
  subjects: readonly Subject[],
): Omit<Misfit, 'policy'>[] {
  const paths = argumentPaths(policy).map(({ names }) => names);
  if (paths.length === 0) return [];
  const byType = Map.groupBy(
    subjects.map((subject) => ({ subject, type: typeText(typedOf(subject.shapes[0], paths)) })),
    ({ subject: { kind }, type }) => `${kind} ${type}`,
  );
  const found: Omit<Misfit, 'policy'>[] = [];
  const told = new Set<string>();
  for (const group of [...byType.values()].slice(0, ARGUMENT_TYPINGS_MAX)) {
    const [one] = group;
    if (one === undefined || one.type === '{}') continue;
    const problems = types.problemsOf(policy, document, { [one.subject.kind]: one.type });
    for (const { message, ...more } of problems) {
      const key = `${more.line} ${more.column} ${message}`;
      if (told.has(key)) continue;
      told.add(key);
      found.push({
        message: `${message}, by the arguments of ${listed(group.map(({ subject }) => subject.title))}`,
        ...more,
        // A condition on the resource may keep this from being about these tools.
        refused: group.some(({ subject }) => subject.pinned) && !looksAtResource(policy.json.conditions),
      });
    }
  }
  return found;
}

function typedOf(shape: Shape | undefined, paths: readonly (readonly string[])[]): Typed {
  const typed: Typed = new Map();
  if (shape?.is !== 'record') return typed;
  const byName = Map.groupBy(paths, ([name = '']) => name);
  for (const [name, ways] of byName) {
    const member = shape.members.get(name)?.shape;
    if (member === undefined || !isPlainMember(name)) continue;
    const further = ways.map((way) => way.slice(1)).filter((way) => way.length > 0);
    // A record that is looked at as a whole may be compared with anything; it has no type then.
    if (further.length === ways.length) {
      const inner = typedOf(member, further);
      if (inner.size > 0) typed.set(name, inner);
    } else if (further.length === 0 && member.is !== 'record') {
      const type = cedarType(member);
      if (type !== undefined) typed.set(name, type);
    }
  }
  return typed;
}

/** Sorted, so that the same types are the same text. */
function typeText(typed: Typed): string {
  const members = [...typed]
    .map(([name, type]) => `"${name}": ${typeof type === 'string' ? type : typeText(type)}`)
    .sort();
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
