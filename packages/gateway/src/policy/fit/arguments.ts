import type { CompiledPolicy } from '../compile.ts';
import { placeAt } from '../places.ts';
import { scopeMatchesRequest } from '../scope.ts';
import type { Around, Misfit } from './around.ts';
import { listed, shownName } from './names.ts';
import { type ContextPath, contextPaths, looksAtResource, placeOfPath } from './paths.ts';
import type { Reached } from './reach.ts';
import { type Shape, shapeOf } from './shape.ts';

/** What may be called or asked for within a policy's scope, with what its arguments look like. */
export interface Subject {
  readonly title: string;
  readonly kind: 'call' | 'request';
  readonly pinned: boolean;
  /** The pinned definition's first; a second is shown now and awaits a review. */
  readonly shapes: readonly Shape[];
}

/** What a request for access says (join-access.ts). */
const REQUEST: Subject = {
  title: 'a request for access',
  kind: 'request',
  pinned: true,
  shapes: [
    {
      is: 'record',
      others: false,
      members: new Map([
        ['minutes', { shape: { is: 'long' }, required: true }],
        ['tools', { shape: { is: 'list', items: { is: 'text' } }, required: true }],
        ['ticket', { shape: { is: 'text' }, required: false }],
        ['uses', { shape: { is: 'long' }, required: false }],
      ]),
    },
  ],
};

/** What a policy's conditions on arguments may be about. */
export function subjectsOf({ json }: CompiledPolicy, reach: readonly Reached[]): Subject[] {
  const tools = reach.flatMap(({ server, tools: known }) =>
    known.map(({ name, pinned, schemas }): Subject => {
      return { title: `${server}/${name}`, kind: 'call', pinned, shapes: schemas.map(shapeOf) };
    }),
  );
  return scopeMatchesRequest(json) ? [...tools, REQUEST] : tools;
}

/** The ways into the arguments that conditions look at, without `context.arguments` itself. */
export function argumentPaths({ json }: CompiledPolicy): ContextPath[] {
  return contextPaths(json.conditions).flatMap(({ names, taken }) => {
    if (names[0] !== 'arguments' || names.length < 2) return [];
    return [{ names: names.slice(1), taken: Math.max(0, taken - 1) }];
  });
}

/**
 * Arguments that a policy looks at and that what is in its scope doesn't have. One that nothing in the scope has is
 * taken for misspelt. One that only some have must be asked for (`has`) before it is looked at: a forbid would else fail,
 * and so deny, every call of the others.
 */
export function argumentMisfits(
  policy: CompiledPolicy,
  document: string,
  {
    subjects,
    reach,
    nearest,
  }: { subjects: readonly Subject[]; reach: readonly Reached[] } & Pick<Around, 'nearest'>,
): Omit<Misfit, 'policy'>[] {
  const paths = argumentPaths(policy);
  const [first] = paths;
  if (first === undefined) return [];
  const placed = (path: readonly string[]) => {
    const index = placeOfPath(policy.text, ['arguments', ...path]);
    return placeAt(document, policy.offset + Buffer.byteLength(policy.text.slice(0, index)));
  };
  if (subjects.length === 0) {
    if (reach.length === 0) return [];
    const whose = reach.map(({ server, named }) => (named === undefined ? server : `${server}/${named}`));
    return [
      {
        message: `the arguments are not checked: no tool of ${listed(whose)} that this is about has been shown yet`,
        ...placed(first.names),
        help: 'check the policy again once its definition is pinned',
        refused: false,
      },
    ];
  }
  const found: Omit<Misfit, 'policy'>[] = [];
  for (const path of distinct(paths)) {
    const misfit = misfitOf(policy, path, paths, { subjects, nearest });
    if (misfit !== undefined) found.push({ ...misfit.words, ...placed(path.slice(0, misfit.at + 1)) });
  }
  return found;
}

function misfitOf(
  { json }: CompiledPolicy,
  path: readonly string[],
  paths: readonly ContextPath[],
  { subjects, nearest }: { subjects: readonly Subject[] } & Pick<Around, 'nearest'>,
): { words: Pick<Misfit, 'help' | 'message' | 'refused'>; at: number } | undefined {
  const looked = subjects.map((subject) => ({ subject, missing: missingAt(subject, path) }));
  const lacking = looked.flatMap(({ subject, missing }) =>
    missing === undefined ? [] : [{ subject, missing }],
  );
  const [one] = lacking;
  if (one === undefined) return undefined;
  const pinned = lacking.some(({ subject }) => subject.pinned);
  const titles = lacking.map(({ subject }) => subject.title);
  if (lacking.length === subjects.length) {
    // The furthest that any of them goes: `options.querry` is about what `options` has.
    const { missing } = lacking.reduce((far, each) => (each.missing.at > far.missing.at ? each : far), one);
    const known = [
      ...new Set(lacking.flatMap(({ missing: each }) => (each.at === missing.at ? each.known : []))),
    ];
    const name = path[missing.at] ?? '';
    const meant = nearest(name, known);
    const there = known.length === 0 ? 'it has no arguments there' : `there are ${listed(known)}`;
    return {
      at: missing.at,
      words: {
        message: `"${path.slice(0, missing.at + 1).join('.')}" is no argument of ${listed(titles)}`,
        help: meant === undefined ? there : `did you mean "${shownName(meant)}"? ${there}`,
        refused: pinned,
      },
    };
  }
  const unasked = lacking.filter(({ missing }) => isTaken(paths, path.slice(0, missing.at + 1)));
  const [example] = unasked;
  if (example === undefined || looksAtResource(json.conditions)) return undefined;
  const name = path.slice(0, example.missing.at + 1).join('.');
  const forbids = json.effect === 'forbid';
  return {
    at: example.missing.at,
    words: {
      message:
        `"${name}" is no argument of ${listed(unasked.map(({ subject }) => subject.title))}, which are in the scope too: ` +
        (forbids ? 'this forbid would deny all their calls' : 'this permit permits none of their calls'),
      help: `ask for it first (\`context.arguments has ${name} && …\`), or name the tools`,
      refused: forbids && unasked.some(({ subject }) => subject.pinned),
    },
  };
}

/** Whether an argument is looked at somewhere and asked for nowhere. */
function isTaken(paths: readonly ContextPath[], name: readonly string[]): boolean {
  const on = paths.filter(({ names }) => name.every((part, index) => names[index] === part));
  return on.some(({ taken }) => taken >= name.length) && !on.some(({ taken }) => taken < name.length);
}

/** The place on a way from which on none of the definitions has it, and what they have there. */
function missingAt(
  { shapes }: Subject,
  path: readonly string[],
): { at: number; known: string[] } | undefined {
  const missing = shapes.map((shape) => missingIn(shape, path));
  if (missing.includes(undefined)) return undefined;
  return missing[0];
}

function missingIn(shape: Shape, path: readonly string[]): { at: number; known: string[] } | undefined {
  let at: Shape = shape;
  for (const [index, name] of path.entries()) {
    if (at.is === 'open') return undefined;
    if (at.is !== 'record') return { at: index, known: [] };
    const member = at.members.get(name);
    if (member === undefined)
      return at.others ? undefined : { at: index, known: [...at.members.keys()].sort() };
    at = member.shape;
  }
  return undefined;
}

function distinct(paths: readonly ContextPath[]): (readonly string[])[] {
  return [...new Map(paths.map(({ names }) => [JSON.stringify(names), names])).values()];
}
