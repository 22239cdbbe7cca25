import type { TLocalizedValidationError } from 'typebox/error';
import { Value } from 'typebox/value';
import { nearest } from './hint.ts';
import { isKind, KIND_NAMES, KINDS } from './kinds/index.ts';
import type { DocumentInput, DocumentKind, DocumentProblem, SpecOf } from './types.ts';

/** A document that its kind's schema accepts, defaults filled in. */
export interface CheckedDocument<K extends DocumentKind = DocumentKind> {
  readonly kind: K;
  readonly name: string;
  readonly spec: SpecOf[K];
}

/** Checks one document by itself: kind, name, members. Exactly one of the two is given, problems never empty. */
export function checkDocument(
  input: DocumentInput,
): { readonly checked: CheckedDocument } | { readonly problems: DocumentProblem[] } {
  const problem = (path: string, message: string): DocumentProblem => problemAt(input, path, message);
  if (!isKind(input.kind)) {
    const hint = nearest(input.kind, KIND_NAMES);
    const meant = hint === undefined ? '' : ` Did you mean ${hint}?`;
    const known = `Known kinds: ${KIND_NAMES.join(', ')}.`;
    return { problems: [problem('kind', `There is no kind "${input.kind}".${meant} ${known}`)] };
  }
  const kind = KINDS[input.kind];
  const problems: DocumentProblem[] = [];
  if (!kind.namePattern.test(input.name)) {
    problems.push(problem('name', `"${input.name}" cannot name a ${input.kind}: ${kind.nameRule}.`));
  }
  const given = structuredClone(input.spec);
  if (input.kind === 'Server')
    takeShortAgent(given, (path, message) => problems.push(problem(path, message)));
  kind.takeShortForms?.(given);
  const spec = Value.Default(kind.spec, given);
  const errors = Value.Errors(kind.spec, spec);
  // An enum's or a union's parts and additionalProperties' shadows repeat what another error says better.
  for (const error of errors.filter(({ keyword }) => keyword !== 'boolean')) {
    for (const [path, message] of describe(error, Object.keys(kind.spec.properties))) {
      problems.push(problem(path, message));
    }
  }
  if (problems.length === 0) {
    // The schema has just accepted it, so it is an object.
    for (const { path, message } of kind.problems?.(spec as Record<string, unknown>) ?? [])
      problems.push(problem(path, message));
  }
  const unstorable = findUnstorable(spec, '');
  if (unstorable !== undefined) problems.push(problem(unstorable, 'has a character that cannot be stored.'));
  if (problems.length > 0) return { problems };
  // The kind's schema has just accepted the spec, and it is the kind's type written as a schema.
  return { checked: { kind: input.kind, name: input.name, spec: spec as SpecOf[DocumentKind] } };
}

export function problemAt(
  document: { kind: string; name: string; place?: string },
  path: string,
  message: string,
): DocumentProblem {
  const { kind, name, place } = document;
  return { kind, name, path, message, ...(place === undefined ? {} : { place }) };
}

/** `agent: x` is the short form of `agents: [x]`. */
function takeShortAgent(
  spec: Record<string, unknown>,
  report: (path: string, message: string) => void,
): void {
  if (!Object.hasOwn(spec, 'agent')) return;
  if (Object.hasOwn(spec, 'agents')) report('agent', 'Give either "agent" or "agents", not both.');
  else spec.agents = [spec.agent];
  delete spec.agent;
}

/** Paths and words of one error of the schema. */
function describe(error: TLocalizedValidationError, known: readonly string[]): [string, string][] {
  const path = readablePath(error.instancePath);
  switch (error.keyword) {
    case 'additionalProperties':
      return error.params.additionalProperties.map((key) =>
        path === ''
          ? [key, unknownMember(key, known)]
          : [`${path}.${key}`, 'is not a member that is known here.'],
      );
    case 'required':
      return error.params.requiredProperties.map((key) => [
        path === '' ? key : `${path}.${key}`,
        'is missing.',
      ]);
    case 'enum':
      return [[path, `must be one of ${error.params.allowedValues.join(', ')}.`]];
    case 'uniqueItems':
      return [[path, 'has the same item twice.']];
    default:
      return [[path, `${error.message}.`]];
  }
}

function unknownMember(key: string, known: readonly string[]): string {
  const hint = nearest(key, known);
  return hint === undefined
    ? `There is no member "${key}". Known members: ${known.join(', ')}.`
    : `There is no member "${key}". Did you mean "${hint}"?`;
}

/** `/agents/0` as `agents[0]`. */
function readablePath(pointer: string): string {
  return pointer
    .slice(1)
    .split('/')
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`))
    .join('');
}

/** Where a text is that neither jsonb nor canonical JSON takes: U+0000, or half a surrogate pair. */
function findUnstorable(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? path : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const found = findUnstorable(member, path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
